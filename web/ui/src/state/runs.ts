/** The runs this page knows, and what can be done with them. Kept up to date by `events.ts`. */

import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { problemFrom } from "../api/problem";
import type { Format, ParamValue, Run } from "../api/types";
import { applyAnswer, applyEvent, inOrder, isActive, type KnownRuns } from "./run-reducer";
import { showToast } from "./toasts";

const known = signal<KnownRuns>(new Map());

export const allRuns = computed(() => inOrder(known.value));
export const anyActive = computed(() => allRuns.value.some(isActive));

export function runsOfReport(reportId: string): Run[] {
  return inOrder(known.value, (run) => run.report_id === reportId);
}

export function knownRun(runId: string): Run | undefined {
  return known.value.get(runId)?.run;
}

export function clearRuns(): void {
  known.value = new Map();
}

export function hearRun(run: Run): void {
  known.value = applyEvent(known.value, run, performance.now());
}

/** Asks for a page of runs; gives the cursor of the next. */
export async function loadRuns(fields: { reportId?: string; cursor?: string | null; limit?: number }) {
  const sentAt = performance.now();
  const page = await api.listRuns(fields);
  known.value = applyAnswer(known.value, page.items, sentAt);
  return { nextCursor: page.next_cursor, oldest: page.items.at(-1) ?? null };
}

/** The run, asked for if this page doesn't know it with its files. */
export async function fetchRun(runId: string): Promise<Run> {
  const sentAt = performance.now();
  const run = await api.getRun(runId);
  known.value = applyAnswer(known.value, [run], sentAt);
  return knownRun(runId) ?? run;
}

export interface Order {
  reportId: string;
  params: Record<string, ParamValue>;
  format: Format;
  query?: string;
}

/** Asks for a file. Returns at once; a failure is told in a toast that offers the same order, with the same key, again. */
export async function order(wanted: Order, key: string = crypto.randomUUID()): Promise<void> {
  const name = wanted.format.toUpperCase();
  const sentAt = performance.now();
  try {
    const { reportId, params, format, query } = wanted;
    const run = await api.requestRun(reportId, { params, formats: [format], ...(query ? { query } : {}) }, key);
    known.value = applyAnswer(known.value, [run], sentAt);
    showToast({ tone: "plain", text: `Your ${name} is being made`, detail: "You will be told here when it is ready." });
  } catch (thrown) {
    const problem = problemFrom(thrown);
    if (problem.status === 401) return;
    showToast({
      tone: "bad",
      text: `The ${name} was not started`,
      detail: problem.message,
      action: { label: "Try again", onClick: () => void order(wanted, key) },
    });
  }
}

export function cancel(run: Run): Promise<void> {
  return change(() => api.cancelRun(run.id), "The run was not cancelled");
}

export function retry(run: Run): Promise<void> {
  return change(() => api.retryRun(run.id), "The run was not started again");
}

async function change(call: () => Promise<Run>, failure: string): Promise<void> {
  const sentAt = performance.now();
  try {
    known.value = applyAnswer(known.value, [await call()], sentAt);
  } catch (thrown) {
    const problem = problemFrom(thrown);
    if (problem.status !== 401) showToast({ tone: "bad", text: failure, detail: problem.message });
  }
}
