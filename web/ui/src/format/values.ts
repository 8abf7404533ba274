/**
 * One value of a query as the text of a cell.
 *
 * Formats are d3's: a number format (",.1f") or a strftime pattern ("%b %Y"). A timestamp is shown as the wall clock
 * that is written in it and never moved into another zone: a month that starts at midnight must not become the evening
 * before, whoever looks at it. The same rule holds in the files a report is delivered as.
 */

import { format as numberFormat } from "d3-format";
import { utcFormat } from "d3-time-format";
import type { ColumnType } from "../api/types";

export const NOTHING = "–";

export function isNumeric(type: ColumnType): boolean {
  return type === "integer" || type === "number" || type === "numeric";
}

export function isTemporal(type: ColumnType): boolean {
  return type === "date" || type === "timestamp";
}

/** The function that turns a column's values into text. A format that isn't valid falls back to the type's default. */
export function cellFormatter(type: ColumnType, format: string | null): (value: unknown) => string {
  const known = (show: (value: unknown) => string) => (value: unknown) =>
    value === null || value === undefined ? NOTHING : show(value);
  if (isTemporal(type)) {
    const show = format && isDateFormat(format) ? utcFormat(format) : defaultTime(type);
    return known((value) => {
      const date = wallClock(String(value));
      return date ? show(date) : String(value);
    });
  }
  if (isNumeric(type)) {
    const show = numberShower(format) ?? (type === "integer" ? numberFormat(",d") : plainNumber);
    return known((value) => (typeof value === "number" ? typographic(show(value)) : String(value)));
  }
  if (type === "boolean") return known((value) => (value ? "yes" : "no"));
  if (type === "json" || type === "array")
    return known((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return known(String);
}

/** A number for a metric: with its format, or with as many digits as help. */
export function metricText(value: number | string | null, format: string | null): string {
  if (value === null) return NOTHING;
  if (typeof value === "string") {
    const date = format && isDateFormat(format) ? wallClock(value) : null;
    return date && format ? utcFormat(format)(date) : value;
  }
  return typographic((numberShower(format) ?? plainNumber)(value));
}

/** The wall clock written in a date or timestamp, as a Date whose UTC fields hold it. */
export function wallClock(text: string): Date | null {
  const match = /^(\d{4,})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?)?/.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const milliseconds = Number((match[7] ?? "0").padEnd(3, "0"));
  const date = new Date(0);
  date.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day);
  date.setUTCHours(hour ?? 0, minute, second, milliseconds);
  return date;
}

function numberShower(format: string | null): ((value: number) => string) | null {
  if (!format || isDateFormat(format)) return null;
  try {
    return numberFormat(format);
  } catch {
    return null;
  }
}

function plainNumber(value: number): string {
  return numberFormat(Math.abs(value) >= 1 || value === 0 ? ",.2~f" : ".3~g")(value);
}

/** A strftime pattern, rather than a number format such as ".1%" or "%". */
export function isDateFormat(format: string): boolean {
  return /%-?[A-Za-z%]/.test(format) && !/^\+?\$?,?(\.\d{1,2})?~?[fd%egs]?$/.test(format);
}

function defaultTime(type: ColumnType): (date: Date) => string {
  return utcFormat(type === "date" ? "%Y-%m-%d" : "%Y-%m-%d %H:%M");
}

/** d3 writes the minus sign as U+2212 already; infinities and not-a-number get words a reader knows. */
function typographic(text: string): string {
  if (text === "NaN") return NOTHING;
  return text.replace("Infinity", "∞");
}
