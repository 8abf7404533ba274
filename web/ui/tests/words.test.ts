import { describe, expect, test } from "vitest";
import { messagesByName } from "../src/api/problem";
import type { Block, Option } from "../src/api/types";
import { matching } from "../src/components/fields/matching";
import { fileSize, plural } from "../src/format/numbers";
import { absoluteTime, clockTime, duration, relativeTime } from "../src/format/time";
import { namedQueries, sections } from "../src/report/layout";
import { matchingReports } from "../src/report/search";
import { titleOnTab } from "../src/tab-title";

const NOW = Date.parse("2026-11-24T12:00:00Z");

describe("a time", () => {
  test.each([
    ["2026-11-24T11:59:55Z", "just now"],
    ["2026-11-24T11:59:20Z", "40 s ago"],
    ["2026-11-24T11:57:00Z", "3 min ago"],
    ["2026-11-24T10:30:00Z", "1 hour ago"],
    ["2026-11-23T09:00:00Z", "yesterday"],
    ["2026-11-20T09:00:00Z", "4 days ago"],
    ["2026-10-01T09:00:00Z", "1 Oct 2026"],
  ])("%s is shown as %s", (instant, shown) => {
    expect(relativeTime(instant, NOW, "UTC")).toBe(shown);
  });

  test("has the reader's zone when it is absolute", () => {
    expect(absoluteTime("2026-11-24T12:00:00Z", "Asia/Tokyo")).toContain("21:00:00");
    expect(clockTime("2026-11-24T06:12:04Z", NOW, "UTC")).toBe("06:12:04");
    expect(clockTime("2026-11-23T06:12:04Z", NOW, "UTC")).toBe("23 Nov 2026, 06:12:04");
  });

  test("in a zone that is unknown falls back to the browser's", () => {
    expect(clockTime("2026-11-24T06:12:04Z", NOW, "Mars/Olympus")).toBe("01:12:04");
  });

  test("that something took is rounded to what matters", () => {
    expect(duration("2026-01-01T00:00:00Z", "2026-01-01T00:00:03.25Z")).toBe("3.3 s");
    expect(duration("2026-01-01T00:00:00Z", "2026-01-01T00:01:12Z")).toBe("1 min 12 s");
  });
});

test("sizes and counts read naturally", () => {
  expect([999, 1500, 184_231, 2_500_000].map(fileSize)).toEqual(["999 B", "1.5 kB", "184 kB", "2.5 MB"]);
  expect([plural(1, "row"), plural(1200, "row")]).toEqual(["1 row", "1,200 rows"]);
});

test("the tab says how much is unread", () => {
  expect(titleOnTab("Runs", 2)).toBe("(2) Runs · Broadsheet");
  expect(titleOnTab("", 0)).toBe("Broadsheet");
});

test("a problem's pointers find their parameters", () => {
  const errors = [
    { pointer: "/params/since", message: "no date" },
    { pointer: "/param.delay", message: "too large" },
    { pointer: "/regions/0", message: "unknown" },
    { pointer: "/params/gone", message: "not there" },
  ];
  expect(messagesByName(errors, ["since", "delay", "regions"])).toEqual({
    since: "no date",
    delay: "too large",
    regions: "unknown",
  });
});

test("options that start with the text come before those that contain it", () => {
  const options: Option[] = ["Newark", "Kennedy", "New Orleans", "Big New"].map((label) => ({ value: label, label }));
  expect(matching(options, "new").map((option) => option.label)).toEqual(["Newark", "New Orleans", "Big New"]);
});

test("neighbouring metrics share a row, queries are known by their table's title", () => {
  const metric = { kind: "metric", query: "a", label: "A", value: "x", agg: "sum", format: null, unit: null } as const;
  const chart = { kind: "chart", query: "a", title: "Chart of a", height: 1, spec: {} } as const;
  const table = { kind: "table", query: "a", title: "Table of a", limit: null, columns: [], totals: [] };
  const blocks = [metric, metric, chart, table, { ...metric, query: "b" }] as Block[];
  expect(sections(blocks).map((section) => section.kind)).toEqual(["metrics", "chart", "table", "metrics"]);
  expect(namedQueries(blocks)).toEqual([
    { name: "a", title: "Table of a" },
    { name: "b", title: "b" },
  ]);
});

test("a search finds every word, without case or accents", () => {
  const report = {
    id: "1",
    title: "Café revenue",
    description: "By quarter",
    version: 1,
    updated_at: "",
    updated_by: null,
  };
  expect(matchingReports([report], "cafe QUARTER")).toHaveLength(1);
  expect(matchingReports([report], "cafe month")).toHaveLength(0);
});
