/** Columnar data of a query as rows, and rows for a chart. */

import type { ColumnType, QueryData } from "../api/types";
import { isTemporal, wallClock } from "../format/values";

export type Row = Record<string, unknown>;

export function columnIndex(data: QueryData, name: string): number {
  return data.columns.findIndex((column) => column.name === name);
}

/** The values of a column; nothing if the query has no such column. */
export function columnValues(data: QueryData, name: string): unknown[] {
  return data.data[columnIndex(data, name)] ?? [];
}

export function columnType(data: QueryData, name: string): ColumnType {
  return data.columns[columnIndex(data, name)]?.type ?? "text";
}

/** How many rows came, which can be fewer than the query has (`truncated`). */
export function rowsLoaded(data: QueryData): number {
  return data.data[0]?.length ?? 0;
}

/**
 * Row objects for Vega, one per row.
 *
 * Times become milliseconds of their wall clock, in UTC if the chart's scales are in UTC and in the browser's zone
 * otherwise, so that an axis reads the same as the table next to it wherever the browser is.
 */
export function chartRows(data: QueryData, scalesInUtc: boolean): Row[] {
  const columns = data.columns.map((column, index) => {
    const values = data.data[index] ?? [];
    const shown = isTemporal(column.type) ? values.map((value) => chartTime(value, scalesInUtc)) : values;
    return { name: column.name, values: shown };
  });
  return Array.from({ length: rowsLoaded(data) }, (_, row) => {
    const made: Row = {};
    for (const column of columns) made[column.name] = column.values[row];
    return made;
  });
}

function chartTime(value: unknown, inUtc: boolean): number | null {
  const date = typeof value === "string" ? wallClock(value) : null;
  if (!date) return null;
  if (inUtc) return date.getTime();
  return new Date(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  ).getTime();
}
