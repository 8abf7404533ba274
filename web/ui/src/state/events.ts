/**
 * The live stream (server-sent events) that keeps runs and notifications up to date.
 *
 * EventSource reconnects by itself after a broken connection, with Last-Event-ID, but gives up for good on any answer
 * that isn't a stream (a 401, a 503 while the server restarts): then a new one is opened after a growing pause. While
 * there is no stream the same things are polled. After every reconnect the lists are asked for once more.
 */

import { signal } from "@preact/signals";
import { EVENTS_URL, getMe } from "../api";
import type { Notification, Run } from "../api/types";
import { hearNotification, loadInbox } from "./notifications";
import { anyActive, hearRun, loadRuns } from "./runs";

export const live = signal(true);
/** The newest version heard of, by report. */
export const newestVersion = signal<Record<string, number>>({});

const HINT_AFTER_MS = 3_000;
const POLL_ACTIVE_MS = 4_000;
const POLL_IDLE_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Connects and stays connected until the returned function is called. */
export function startEvents(): () => void {
  let source: EventSource | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  let stopped = false;
  let everOpen = false;
  let reconnectTimer = 0;
  let hintTimer = 0;
  let pollTimer = 0;

  const opened = () => {
    window.clearTimeout(hintTimer);
    window.clearTimeout(pollTimer);
    hintTimer = 0;
    pollTimer = 0;
    pauseMs = FIRST_PAUSE_MS;
    live.value = true;
    if (everOpen) refetch();
    everOpen = true;
  };

  const lost = () => {
    if (stopped) return;
    if (!hintTimer) {
      hintTimer = window.setTimeout(() => {
        live.value = false;
        poll();
      }, HINT_AFTER_MS);
    }
    if (source?.readyState !== EventSource.CLOSED) return;
    source.close();
    // If the session is over, this call's 401 signs out and the stream stops.
    getMe().catch(() => undefined);
    reconnectTimer = window.setTimeout(connect, pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };

  const poll = () => {
    if (stopped || live.value) return;
    refetch();
    pollTimer = window.setTimeout(poll, anyActive.peek() ? POLL_ACTIVE_MS : POLL_IDLE_MS);
  };

  const connect = () => {
    if (stopped) return;
    source = new EventSource(EVENTS_URL);
    source.onopen = opened;
    source.onerror = lost;
    source.addEventListener("run", (event) => hearRun(parsed<Run>(event)));
    source.addEventListener("notification", (event) => hearNotification(parsed<Notification>(event)));
    source.addEventListener("report", (event) => {
      const { id, version } = parsed<{ id: string; version: number }>(event);
      newestVersion.value = { ...newestVersion.value, [id]: version };
    });
  };

  connect();
  return () => {
    stopped = true;
    source?.close();
    for (const timer of [reconnectTimer, hintTimer, pollTimer]) window.clearTimeout(timer);
    live.value = true;
  };
}

function refetch(): void {
  void loadInbox();
  loadRuns({}).catch(() => undefined);
}

function parsed<T>(event: Event): T {
  return JSON.parse((event as MessageEvent<string>).data) as T;
}
