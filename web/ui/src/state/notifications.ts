/** The inbox: what is unread, the panel's list, and the toast when something arrives. */

import { signal } from "@preact/signals";
import * as api from "../api";
import { type ApiProblem, problemFrom } from "../api/problem";
import type { Notification } from "../api/types";
import { navigate } from "../router";
import { downloadArtifacts } from "./download";
import { showToast } from "./toasts";

export const inbox = signal<Notification[]>([]);
export const unread = signal(0);
export const inboxCursor = signal<string | null>(null);
export const inboxProblem = signal<ApiProblem | null>(null);

export function clearInbox(): void {
  inbox.value = [];
  unread.value = 0;
  inboxCursor.value = null;
}

export async function loadInbox(): Promise<void> {
  try {
    const page = await api.listNotifications();
    inbox.value = merged(page.items, inbox.value);
    unread.value = page.unread;
    inboxCursor.value = page.next_cursor;
    inboxProblem.value = null;
  } catch (thrown) {
    inboxProblem.value = problemFrom(thrown);
  }
}

export async function loadOlder(): Promise<void> {
  try {
    const page = await api.listNotifications(inboxCursor.value);
    inbox.value = merged(inbox.value, page.items);
    inboxCursor.value = page.next_cursor;
  } catch (thrown) {
    inboxProblem.value = problemFrom(thrown);
  }
}

/** A notification from the stream. The same one twice (after a reconnect) counts once. */
export function hearNotification(notification: Notification): void {
  if (inbox.value.some((known) => known.id === notification.id)) return;
  inbox.value = merged([notification], inbox.value);
  if (notification.read_at === null) unread.value += 1;
  announce(notification);
}

function announce(notification: Notification): void {
  const runId = notification.run_id;
  const base = { text: notification.title, detail: notification.body };
  if (notification.state === "succeeded" && runId) {
    const onClick = () => void openDownload(notification);
    showToast({ ...base, tone: "good", action: { label: "Download", onClick } });
  } else if (notification.report_id) {
    const tone = notification.state === "failed" ? "bad" : "plain";
    showToast({ ...base, tone, action: { label: "Open report", href: `/reports/${notification.report_id}` } });
  } else showToast({ ...base, tone: "plain" });
}

/** Downloads the files of the notification's run, and takes the notification as read. */
export async function openDownload(notification: Notification): Promise<void> {
  void markRead([notification.id]);
  if (!notification.run_id) return;
  const started = await downloadArtifacts(notification.run_id);
  if (!started && notification.report_id) navigate(`/reports/${notification.report_id}`);
}

export async function markRead(ids: string[]): Promise<void> {
  const fresh = ids.filter((id) => inbox.value.some((known) => known.id === id && known.read_at === null));
  if (fresh.length === 0) return;
  setRead((known) => fresh.includes(known.id));
  unread.value = Math.max(0, unread.value - fresh.length);
  await tell({ ids: fresh });
}

export async function markAllRead(): Promise<void> {
  setRead(() => true);
  unread.value = 0;
  await tell({ all: true });
}

async function tell(which: { ids: string[] } | { all: true }): Promise<void> {
  try {
    unread.value = (await api.markRead(which)).unread;
  } catch {
    await loadInbox();
  }
}

function setRead(which: (known: Notification) => boolean): void {
  const readAt = new Date().toISOString();
  inbox.value = inbox.value.map((known) => (which(known) && !known.read_at ? { ...known, read_at: readAt } : known));
}

/** One list without doubles, newest first; where both know a notification, the first list is right. */
function merged(right: Notification[], other: Notification[]): Notification[] {
  const ids = new Set(right.map((notification) => notification.id));
  return [...right, ...other.filter((notification) => !ids.has(notification.id))].sort((a, b) =>
    b.created_at.localeCompare(a.created_at),
  );
}
