/**
 * The one place that talks to the server: a function per call of the API, typed.
 *
 * A session that has ended is told to `onSignedOut` once, here, so that no page needs to look for a 401.
 */

import { ApiProblem, problemFrom, problemOf } from "./api/problem";
import type {
  CacheState,
  CacheUse,
  DataSource,
  Inbox,
  Me,
  Page,
  QueryData,
  QueryPlan,
  ReportSummary,
  ReportView,
  Run,
  RunOrder,
} from "./api/types";

const BASE = "/api/v1";
const TIMEOUT_MS = 30_000;
const DATA_TIMEOUT_MS = 120_000;

let csrfToken: string | null = null;
let onSignedOut: () => void = () => {};

/** Calls `listener` when the server says that the session has ended. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
  fresh?: boolean;
}

/** One call. A token that another tab's sign-in has replaced is asked for again, once. */
async function request(path: string, call: Call = {}): Promise<Response> {
  try {
    return await send(path, call);
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem && thrown.status === 403 && thrown.code.includes("csrf"))) throw thrown;
    await getMe();
    return await send(path, call);
  }
}

async function send(path: string, call: Call): Promise<Response> {
  const method = call.method ?? "GET";
  const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
  if (call.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-CSRF-Token"] = csrfToken;
  const timeout = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
  const init: RequestInit = {
    method,
    headers,
    credentials: "same-origin",
    signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
  };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  if (call.fresh) init.cache = "reload";
  try {
    const response = await fetch(BASE + path, init);
    if (response.ok) return response;
    throw await problemOf(response);
  } catch (thrown) {
    if (call.signal?.aborted) throw thrown;
    const problem = problemFrom(thrown);
    if (problem.status === 401 && path !== "/session") onSignedOut();
    throw problem;
  }
}

async function json<T>(path: string, call: Call = {}): Promise<T> {
  return (await kept<T>(path, call)).value;
}

/** An answer, and what its header says of the server's cache. */
async function kept<T>(path: string, call: Call): Promise<{ value: T; cache: CacheState }> {
  const response = await request(path, call);
  try {
    const cache = (response.headers.get("Broadsheet-Cache") ?? "miss") as CacheState;
    return { value: (await response.json()) as T, cache };
  } catch (thrown) {
    if (call.signal?.aborted) throw thrown;
    throw new ApiProblem(0, { code: "unreadable", detail: "The server’s answer was cut off. Try again." });
  }
}

function query(fields: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

const id = encodeURIComponent;

export async function signIn(email: string, password: string): Promise<Me> {
  const me = await json<Me>("/session", { method: "POST", body: { email, password } });
  csrfToken = me.csrf_token;
  return me;
}

export async function signOut(): Promise<void> {
  await request("/session", { method: "DELETE" });
  csrfToken = null;
}

export async function getMe(): Promise<Me> {
  const me = await json<Me>("/me");
  csrfToken = me.csrf_token;
  return me;
}

export function listReports(cursor: string | null = null, limit = 50): Promise<Page<ReportSummary>> {
  return json(`/reports${query({ limit, cursor })}`);
}

export interface ViewAnswer {
  view: ReportView;
  cache: CacheState;
}

/** `search` holds the parameters as `param.NAME=VALUE`. `fresh` bypasses the browser's and asks past shared caches. */
export async function viewReport(
  reportId: string,
  search: string,
  options: { signal?: AbortSignal; fresh?: boolean } = {},
): Promise<ViewAnswer> {
  const path = `/reports/${id(reportId)}/view${search}`;
  const { value, cache } = await kept<ReportView>(path, { ...options, timeoutMs: DATA_TIMEOUT_MS });
  return { view: value, cache };
}

export interface DataAnswer {
  data: QueryData;
  cache: CacheState;
}

export async function queryData(
  reportId: string,
  name: string,
  search: string,
  options: { signal?: AbortSignal; fresh?: boolean } = {},
): Promise<DataAnswer> {
  const path = `/reports/${id(reportId)}/queries/${id(name)}/data${search}`;
  const { value, cache } = await kept<QueryData>(path, { ...options, timeoutMs: DATA_TIMEOUT_MS });
  return { data: value, cache };
}

/** How a query would be run with these parameters; nothing is run. For authors. */
export function queryPlan(
  reportId: string,
  name: string,
  search: string,
  options: { signal?: AbortSignal } = {},
): Promise<QueryPlan> {
  return json(`/reports/${id(reportId)}/queries/${id(name)}/plan${search}`, options);
}

/** `key` makes a repeated request the same run: keep it when trying again. */
export function requestRun(reportId: string, order: RunOrder, key: string): Promise<Run> {
  const headers = { "Idempotency-Key": key };
  return json(`/reports/${id(reportId)}/runs`, { method: "POST", body: order, headers });
}

export function listRuns(fields: { reportId?: string; limit?: number; cursor?: string | null }): Promise<Page<Run>> {
  return json(`/runs${query({ report_id: fields.reportId, limit: fields.limit ?? 30, cursor: fields.cursor })}`);
}

export function getRun(runId: string): Promise<Run> {
  return json(`/runs/${id(runId)}`);
}

export function cancelRun(runId: string): Promise<Run> {
  return json(`/runs/${id(runId)}/cancel`, { method: "POST" });
}

export function retryRun(runId: string): Promise<Run> {
  return json(`/runs/${id(runId)}/retry`, { method: "POST" });
}

export function listNotifications(cursor: string | null = null, limit = 30): Promise<Inbox> {
  return json(`/notifications${query({ limit, cursor })}`);
}

export function markRead(which: { ids: string[] } | { all: true }): Promise<{ unread: number }> {
  return json("/notifications/read", { method: "POST", body: which });
}

export function getCacheUse(): Promise<CacheUse> {
  return json("/cache");
}

/** No answer made of the report before now counts any more. */
export async function forgetReport(reportId: string): Promise<void> {
  await request("/cache/invalidations", { method: "POST", body: { report_id: reportId } });
}

export function listSources(cursor: string | null = null, limit = 200): Promise<Page<DataSource>> {
  return json(`/data-sources${query({ limit, cursor })}`);
}

/** Its data has changed: no result from before counts any more. */
export function sourceRefreshed(sourceId: string): Promise<DataSource> {
  return json(`/data-sources/${id(sourceId)}/refreshed`, { method: "POST" });
}

export const EVENTS_URL = `${BASE}/events`;
