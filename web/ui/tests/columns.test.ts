import { expect, test } from "vitest";
import type { ChartBlock, QueryData, TableBlock } from "../src/api/types";
import { chartRows, columnValues, rowsLoaded } from "../src/report/columns";
import { shownColumns, totalOf } from "../src/report/table";

const DATA: QueryData = {
  columns: [
    { name: "month", type: "date" },
    { name: "dep_delay", type: "number" },
    { name: "flights", type: "integer" },
  ],
  data: [
    ["2013-01-01", "2013-02-01"],
    [1.5, null],
    [10, 20],
  ],
  as_of: "2026-01-01T00:00:00Z",
  row_count: 2,
  truncated: false,
};

const TABLE: TableBlock = { kind: "table", query: "q", title: null, limit: null, columns: [], totals: [] };
const COLUMN = { label: null, format: null, align: null, bars: false, hidden: false };

test("columns become rows", () => {
  const rows = chartRows(DATA, true);
  expect(rows).toEqual([
    { month: Date.UTC(2013, 0, 1), dep_delay: 1.5, flights: 10 },
    { month: Date.UTC(2013, 1, 1), dep_delay: null, flights: 20 },
  ]);
});

test("on scales in the browser's zone a month still starts on its first day", () => {
  expect(chartRows(DATA, false)[0]?.month).toBe(new Date(2013, 0, 1).getTime());
});

test("a query without rows has none, and an unknown column no values", () => {
  expect(rowsLoaded({ ...DATA, data: [[], [], []] })).toBe(0);
  expect(rowsLoaded({ ...DATA, columns: [], data: [] })).toBe(0);
  expect(columnValues(DATA, "nope")).toEqual([]);
});

test("a table shows the columns it names first, then the others, without the hidden ones", () => {
  const columns = [
    { ...COLUMN, name: "flights", label: "Flights flown" },
    { ...COLUMN, name: "month", hidden: true },
  ];
  const shown = shownColumns({ ...TABLE, columns }, DATA);
  expect(shown.map((column) => [column.label, column.align])).toEqual([
    ["Flights flown", "right"],
    ["Dep delay", "right"],
  ]);
});

test("a total has its column's format", () => {
  const columns = [{ ...COLUMN, name: "flights", format: ",.1f" }];
  const first = shownColumns({ ...TABLE, columns }, DATA)[0];
  expect(first && totalOf(first)).toBe("30.0");
});

test("a chart's headline is the page's, with the subtitle of its specification", async () => {
  const { chartHeadline } = await import("../src/report/layout");
  const chart: ChartBlock = {
    kind: "chart",
    query: "q",
    title: "Delay",
    height: 200,
    spec: { title: { text: "Delay", subtitle: "Minutes" } },
  };
  expect(chartHeadline(chart)).toEqual({ title: "Delay", subtitle: "Minutes" });
  expect(chartHeadline({ ...chart, title: null })).toEqual({ title: null, subtitle: null });
});
