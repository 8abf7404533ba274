import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiProblem } from "../src/api/problem";
import type { Me, PlanHint, QueryPlan, Role } from "../src/api/types";
import { LiveReport } from "../src/report/live-report";
import { adviceFor, costText, mostUsefulFirst, planText, rowsText } from "../src/report/plan-words";
import { isAuthor, session } from "../src/state/session";

const SCAN: PlanHint = { kind: "full_scan", message: "Reads all rows.", statement: null, factor: null };
const SORT: PlanHint = { kind: "sort", message: "Sorts many rows.", statement: null, factor: null };
const STATEMENT = "create index on flights (carrier, time_hour)";

function index(factor: number | null): PlanHint {
  return { kind: "index", message: `An index: ${factor}`, statement: STATEMENT, factor };
}

function plan(fields: Partial<QueryPlan> = {}): QueryPlan {
  return { cost: 1, rows: 1, lines: [], hints: [], ...fields };
}

describe("a plan in words", () => {
  test("every kind of hint has an advice, and one that is not known yet has none", () => {
    for (const hint of [SCAN, SORT, index(40)]) expect(adviceFor(hint)).not.toBeNull();
    expect(adviceFor({ ...SCAN, kind: "spill" })).toBeNull();
  });

  test("an index that nobody has checked is one to look at again", () => {
    expect(adviceFor(index(null))).toContain("whether it is used");
    expect(adviceFor(index(40))).not.toContain("whether it is used");
  });

  test("an advice leads to a statement only where there is one", () => {
    expect(adviceFor(index(40))).toMatch(/:$/);
    expect(adviceFor({ ...index(40), statement: null })).toMatch(/\.$/);
  });

  test("the most helpful index comes first, then what is not about indexes in the plan's order", () => {
    const hints = [SCAN, SORT, index(null), index(2), index(40)];
    expect(mostUsefulFirst(hints)).toEqual([index(40), index(2), index(null), SCAN, SORT]);
    expect(hints[0]).toBe(SCAN);
  });

  test("estimates are as precise as they deserve", () => {
    expect([0, 0.29, 8.3, 12345.67].map(costText)).toEqual(["0", "0.3", "8.3", "12,346"]);
    expect([1, 336776].map(rowsText)).toEqual(["About 1 row", "About 336,776 rows"]);
  });

  test("the text keeps its lines and their indentation", () => {
    expect(planText(plan({ lines: ["Sort", "  ->  Seq Scan on flights"] }))).toBe("Sort\n  ->  Seq Scan on flights");
  });
});

describe("a plan that is asked for", () => {
  const asked: string[] = [];
  let answers: () => Response = () => Response.json(plan());

  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal("fetch", async (url: string) => {
      asked.push(url);
      if (url.includes("/plan")) return answers();
      const report = { id: "r", title: "", description: "", version: 1 };
      return Response.json({ report, params: [], blocks: [], as_of: "", missing: [] });
    });
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("is that of the parameters that the report is shown for, and of nothing else in the address", async () => {
    const report = new LiveReport("r");
    await report.load("?param.since=2013-09-01&tab=2");
    expect(await report.plan("delays by day", new AbortController().signal)).toEqual(plan());
    expect(asked.at(-1)).toBe("/api/v1/reports/r/queries/delays%20by%20day/plan?param.since=2013-09-01");
  });

  test("is refused with the server's problem", async () => {
    const document = { code: "query_failed", detail: "relation “fligths” does not exist" };
    answers = () => Response.json(document, { status: 422 });
    const refused = new LiveReport("r").plan("a", new AbortController().signal);
    await expect(refused).rejects.toThrow(ApiProblem);
    await expect(refused).rejects.toThrow(document.detail);
  });
});

test("authors and admins see how queries are run, viewers and nobody do not", () => {
  const seen = (role: Role) => {
    session.value = { status: "in", me: { user: { role } } as Me };
    return isAuthor.value;
  };
  expect((["viewer", "author", "admin"] as const).map(seen)).toEqual([false, true, true]);
  session.value = { status: "out", note: null };
  expect(isAuthor.value).toBe(false);
});
