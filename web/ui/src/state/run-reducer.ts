/**
 * How the known runs change when an answer or an event arrives. Pure; `runs.ts` holds the state.
 *
 * Events come in order, but an answer to a request may be older than an event that overtook it. So every run carries
 * when it was last heard of, and an answer only replaces what was heard of before its request was sent.
 */

import type { Run } from "../api/types";

export interface KnownRun {
  run: Run;
  /** Milliseconds of the page's clock when this was heard. */
  heardAt: number;
}

export type KnownRuns = ReadonlyMap<string, KnownRun>;

export function isFinished(run: Run): boolean {
  return run.state === "succeeded" || run.state === "failed" || run.state === "cancelled";
}

export function isActive(run: Run): boolean {
  return !isFinished(run);
}

/** Takes in an event of the stream. */
export function applyEvent(known: KnownRuns, run: Run, nowMs: number): KnownRuns {
  const before = known.get(run.id)?.run;
  if (before && isOvertaken(before, run)) return known;
  return new Map(known).set(run.id, { run: withoutStepBack(before, run), heardAt: nowMs });
}

/** Takes in the runs of an answer whose request was sent at `sentAtMs`. */
export function applyAnswer(known: KnownRuns, runs: Run[], sentAtMs: number): KnownRuns {
  const next = new Map(known);
  for (const run of runs) {
    const before = known.get(run.id);
    if (!before || before.heardAt <= sentAtMs) next.set(run.id, { run, heardAt: sentAtMs });
  }
  return next;
}

/** A late progress report of an attempt that is already over. */
function isOvertaken(before: Run, run: Run): boolean {
  return (
    isFinished(before) &&
    run.state === "running" &&
    run.attempts === before.attempts &&
    run.started_at === before.started_at
  );
}

/** Within one attempt, progress only grows. */
function withoutStepBack(before: Run | undefined, run: Run): Run {
  const sameAttempt = before?.state === "running" && run.state === "running" && before.attempts === run.attempts;
  if (!sameAttempt || !before.progress || !run.progress) return run;
  const sameUnit = before.progress.unit === run.progress.unit;
  return sameUnit && run.progress.done < before.progress.done ? { ...run, progress: before.progress } : run;
}

/** Newest first. */
export function inOrder(known: KnownRuns, keep: (run: Run) => boolean = () => true): Run[] {
  return [...known.values()]
    .map((entry) => entry.run)
    .filter(keep)
    .sort((a, b) => b.requested_at.localeCompare(a.requested_at) || b.id.localeCompare(a.id));
}
