/**
 * A report as it is being looked at: its view and the results of its queries, for the parameters of the address.
 *
 * A new address keeps what is shown until its own answer is there. Answers that were overtaken are dropped. Each query
 * is asked for once, whole, however many blocks show it, so that all of them, and the next reader, share one cached answer.
 *
 * A stale answer is shown at once while the server computes a newer one: it is asked for again, quietly and once.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import * as api from "../api";
import { type ApiProblem, messagesByName, problemFrom } from "../api/problem";
import type { CacheState, QueryData, QueryPlan, ReportView } from "../api/types";
import { namedQueries } from "./layout";
import { paramSearch } from "./params";

export interface QueryState {
  loading: boolean;
  data: QueryData | null;
  problem: ApiProblem | null;
  cache: CacheState | null;
}

/** How long after a stale answer the newer one is asked for. */
export const RENEWED_AFTER_MS = 2_000;

const WAITING: QueryState = { loading: true, data: null, problem: null, cache: null };

export class LiveReport {
  readonly reportId: string;
  readonly view = signal<ReportView | null>(null);
  readonly loading = signal(true);
  /** Why there is nothing to show, or why what is shown is still that of other parameters. */
  readonly problem = signal<ApiProblem | null>(null);
  /** Messages by parameter. */
  readonly fieldErrors = signal<Record<string, string>>({});
  readonly results = signal<Record<string, QueryState>>({});
  private search = "";
  private asking = new AbortController();

  constructor(reportId: string) {
    this.reportId = reportId;
  }

  /** Shows the report for an address. `fresh` asks past the browser's cache. */
  async load(search: string, fresh = false): Promise<void> {
    this.search = paramSearch(search);
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.loading.value = true;
    try {
      const { view, cache } = await api.viewReport(this.reportId, this.search, { signal, fresh });
      this.view.value = view;
      this.problem.value = null;
      this.fieldErrors.value = {};
      this.loading.value = false;
      if (cache === "stale") this.soon(() => this.renewView(signal), signal);
      await this.loadQueries(view, signal, fresh);
    } catch (thrown) {
      if (!signal.aborted) await this.refused(problemFrom(thrown), signal);
    }
  }

  refresh(): Promise<void> {
    return this.load(this.search, true);
  }

  /** Asks again for one query that failed. */
  async reload(query: string): Promise<void> {
    await this.loadQuery(query, this.asking.signal, true);
  }

  /** How a query would be run, for the parameters that the report is shown for. Rejects with an `ApiProblem`. */
  plan(query: string, signal: AbortSignal): Promise<QueryPlan> {
    return api.queryPlan(this.reportId, query, this.search, { signal });
  }

  close(): void {
    this.asking.abort();
  }

  /** Parameters that aren't accepted still need their form: it is taken from the view of the defaults. */
  private async refused(problem: ApiProblem, signal: AbortSignal): Promise<void> {
    if (problem.errors.length > 0 && !this.view.value) {
      try {
        this.view.value = (await api.viewReport(this.reportId, "", { signal })).view;
      } catch {
        if (signal.aborted) return;
      }
    }
    const names = this.view.value?.params.map((param) => param.name) ?? [];
    this.fieldErrors.value = messagesByName(problem.errors, names);
    this.problem.value = problem;
    this.loading.value = false;
  }

  private async loadQueries(view: ReportView, signal: AbortSignal, fresh: boolean): Promise<void> {
    const names = namedQueries(view.blocks).map((query) => query.name);
    const before = this.results.value;
    this.results.value = Object.fromEntries(
      names.map((name) => [name, { ...WAITING, data: before[name]?.data ?? null, cache: before[name]?.cache ?? null }]),
    );
    await Promise.all(names.map((name) => this.loadQuery(name, signal, fresh)));
  }

  private async loadQuery(name: string, signal: AbortSignal, fresh: boolean): Promise<void> {
    this.put(name, { loading: true, problem: null });
    try {
      const { data, cache } = await api.queryData(this.reportId, name, this.search, { signal, fresh });
      this.put(name, { loading: false, data, cache, problem: null });
      if (cache === "stale") this.soon(() => this.renewQuery(name, signal), signal);
    } catch (thrown) {
      if (!signal.aborted) this.put(name, { loading: false, data: null, problem: problemFrom(thrown) });
    }
  }

  private soon(ask: () => Promise<void>, signal: AbortSignal): void {
    const quietly = () => void ask().catch(() => undefined);
    const timer = setTimeout(quietly, RENEWED_AFTER_MS);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  private async renewView(signal: AbortSignal): Promise<void> {
    this.view.value = (await api.viewReport(this.reportId, this.search, { signal })).view;
  }

  private async renewQuery(name: string, signal: AbortSignal): Promise<void> {
    const { data, cache } = await api.queryData(this.reportId, name, this.search, { signal });
    this.put(name, { data, cache });
  }

  private put(name: string, change: Partial<QueryState>): void {
    this.results.value = { ...this.results.value, [name]: { ...WAITING, ...this.results.value[name], ...change } };
  }
}

export interface Freshness {
  /** Of the oldest data shown. */
  asOf: string;
  cached: boolean;
  stale: boolean;
}

export function freshness(view: ReportView, results: ReadonlySignal<Record<string, QueryState>>): Freshness {
  const ready = Object.values(results.value).filter((result) => result.data !== null);
  const times = ready.map((result) => result.data?.as_of ?? view.as_of);
  const asOf = times.reduce(
    (oldest, time) => (Date.parse(time) < Date.parse(oldest) ? time : oldest),
    times[0] ?? view.as_of,
  );
  return {
    asOf,
    cached: ready.some((result) => result.cache === "hit" || result.cache === "stale"),
    stale: ready.some((result) => result.cache === "stale"),
  };
}
