import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveReport, RENEWED_AFTER_MS } from "../src/report/live-report";

const BLOCKS = [{ kind: "table", query: "a", title: null, limit: null, columns: [], totals: [] }];
const server = { asked: [] as string[], state: "hit", broken: false };

/** The server: each result holds the number of its question, each view the number as its version. */
async function answer(url: string): Promise<Response> {
  server.asked.push(url);
  if (server.broken) throw new TypeError("gone");
  const number = server.asked.filter((other) => other === url).length;
  const body = url.includes("/queries/")
    ? { columns: [{ name: "n", type: "integer" }], data: [[number]], as_of: "", row_count: 1, truncated: false }
    : {
        report: { id: "r", title: "", description: "", version: number },
        params: [],
        blocks: BLOCKS,
        as_of: "",
        missing: [],
      };
  return new Response(JSON.stringify(body), { headers: { "Broadsheet-Cache": server.state } });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", answer);
  Object.assign(server, { asked: [], state: "hit", broken: false });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const shown = (report: LiveReport) => [report.view.value?.report.version, report.results.value.a?.data?.data[0]?.[0]];

describe("a report that was answered from the cache", () => {
  test("is not asked for again when it is fresh", async () => {
    const report = new LiveReport("r");
    await report.load("");
    await vi.advanceTimersByTimeAsync(10 * RENEWED_AFTER_MS);
    expect(server.asked).toHaveLength(2);
  });

  test("is asked for once more, quietly, when it is stale", async () => {
    server.state = "stale";
    const report = new LiveReport("r");
    await report.load("");
    expect(shown(report)).toEqual([1, 1]);
    expect(report.results.value.a?.cache).toBe("stale");
    server.state = "hit";
    const waiting: boolean[] = [];
    report.results.subscribe((results) => waiting.push(results.a?.loading ?? true));
    await vi.advanceTimersByTimeAsync(RENEWED_AFTER_MS);
    expect(shown(report)).toEqual([2, 2]);
    expect(report.results.value.a?.cache).toBe("hit");
    expect(waiting).not.toContain(true);
  });

  test("is not asked for a third time when it is still stale", async () => {
    server.state = "stale";
    await new LiveReport("r").load("");
    await vi.advanceTimersByTimeAsync(10 * RENEWED_AFTER_MS);
    expect(server.asked).toHaveLength(4);
  });

  test("stays as it is when the newer answer can't be had", async () => {
    server.state = "stale";
    const report = new LiveReport("r");
    await report.load("");
    server.broken = true;
    await vi.advanceTimersByTimeAsync(RENEWED_AFTER_MS);
    expect(shown(report)).toEqual([1, 1]);
    expect(report.results.value.a?.problem).toBeNull();
  });

  test("is left alone once the page is closed", async () => {
    server.state = "stale";
    const report = new LiveReport("r");
    await report.load("");
    report.close();
    await vi.advanceTimersByTimeAsync(10 * RENEWED_AFTER_MS);
    expect(server.asked).toHaveLength(2);
  });
});
