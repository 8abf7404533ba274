/**
 * A query's plan in words for its author: what to do about each hint, and the estimates as they are spoken.
 *
 * The server's message says what was found, and never what to do: that is said here, by the kind of hint.
 */

import type { PlanHint, QueryPlan } from "../api/types";
import { count, plural } from "../format/numbers";

/** What can be done about it; null for a kind that this page does not know. */
export function adviceFor({ kind, factor, statement }: PlanHint): string | null {
  if (kind === "full_scan") {
    return "If only some of them matter, a condition on columns that have an index lets the database read just those.";
  }
  if (kind === "sort") {
    return "Sort fewer rows, by grouping or filtering them first; an index in the same order needs no sorting at all.";
  }
  if (kind !== "index") return null;
  if (!statement) return "Ask whoever looks after the data source to create it.";
  const whose = "Whoever looks after the data source can create it with this statement";
  return factor === null ? `${whose}, and then you can see here whether it is used:` : `${whose}:`;
}

/** Indexes before what they would cure, the most helpful first; the others as the server names them, which is the plan's order. */
export function mostUsefulFirst(hints: PlanHint[]): PlanHint[] {
  const gain = ({ kind, factor }: PlanHint) => (kind === "index" ? (factor ?? 1) : 0);
  return [...hints].sort((one, other) => gain(other) - gain(one));
}

/** "12,346", and "0.3" where whole numbers would say nothing. */
export function costText(cost: number): string {
  return count(cost < 10 ? Math.round(cost * 10) / 10 : Math.round(cost));
}

export function rowsText(rows: number): string {
  return `About ${plural(rows, "row")}`;
}

/** The plan as `psql` shows it. */
export function planText({ lines }: QueryPlan): string {
  return lines.join("\n");
}
