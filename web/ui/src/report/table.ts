/** What a table block shows: its columns in order, each with its values and how they are written. */

import type { QueryData, TableBlock } from "../api/types";
import { cellFormatter, isNumeric } from "../format/values";
import { aggregate, type Bar, barScale } from "./aggregate";
import { columnType, columnValues } from "./columns";

export interface ShownColumn {
  name: string;
  label: string;
  align: "left" | "right" | "center";
  numeric: boolean;
  values: unknown[];
  text: (value: unknown) => string;
  bar: ((value: unknown) => Bar | null) | null;
}

/** The block's columns; those of the query that it says nothing about follow as they come. */
export function shownColumns(block: TableBlock, data: QueryData): ShownColumn[] {
  const settings = new Map(block.columns.map((column) => [column.name, column]));
  const named = block.columns.map((column) => column.name);
  const others = data.columns.map((column) => column.name).filter((name) => !settings.has(name));
  return [...named, ...others]
    .filter((name) => !settings.get(name)?.hidden && data.columns.some((column) => column.name === name))
    .map((name) => {
      const setting = settings.get(name);
      const type = columnType(data, name);
      const values = columnValues(data, name);
      return {
        name,
        label: setting?.label ?? words(name),
        align: setting?.align ?? (isNumeric(type) ? "right" : "left"),
        numeric: isNumeric(type),
        values,
        text: cellFormatter(type, setting?.format ?? null),
        bar: setting?.bars ? barScale(values) : null,
      };
    });
}

/** The sum of a column over all rows that were loaded, in the column's own format. */
export function totalOf(column: ShownColumn): string {
  return column.text(aggregate(column.values, "sum"));
}

/** `dep_delay` → "Dep delay": what a column is called that nobody gave a label. */
export function words(name: string): string {
  const text = name.replace(/_+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
