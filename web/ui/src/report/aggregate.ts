/** The one number of a metric, and the totals of a table. Nulls don't take part, as in SQL. */

import type { Aggregate } from "../api/types";

/** `null` when there is nothing to aggregate; `count` is then 0. `first` and `last` may give text. */
export function aggregate(values: unknown[], agg: Aggregate): number | string | null {
  if (agg === "first") return single(values[0]);
  if (agg === "last") return single(values[values.length - 1]);
  const present = values.filter((value) => value !== null && value !== undefined);
  if (agg === "count") return present.length;
  const numbers = present.map(Number).filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return null;
  if (agg === "sum") return sum(numbers);
  if (agg === "mean") return sum(numbers) / numbers.length;
  return numbers.reduce((best, value) => (agg === "min" ? Math.min(best, value) : Math.max(best, value)));
}

function single(value: unknown): number | string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : String(value);
}

/** Neumaier's compensated sum, so that a total of many decimals ends in the digits a reader expects. */
export function sum(numbers: number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of numbers) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

export interface Bar {
  /** Percent of the cell's width. */
  start: number;
  width: number;
  negative: boolean;
}

/** Where the bar of each value lies, on one scale for the column that always includes zero. */
export function barScale(values: unknown[]): (value: unknown) => Bar | null {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const low = numbers.reduce((least, value) => Math.min(least, value), 0);
  const span = numbers.reduce((most, value) => Math.max(most, value), 0) - low;
  return (value) => {
    if (typeof value !== "number" || !Number.isFinite(value) || span === 0) return null;
    const from = ((Math.min(0, value) - low) / span) * 100;
    return { start: from, width: (Math.abs(value) / span) * 100, negative: value < 0 };
  };
}
