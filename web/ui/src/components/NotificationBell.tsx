/** The bell: how much is unread, and the inbox behind it. */

import { useState } from "preact/hooks";
import type { Notification } from "../api/types";
import { navigate } from "../router";
import {
  inbox,
  inboxCursor,
  inboxProblem,
  loadInbox,
  loadOlder,
  markAllRead,
  markRead,
  openDownload,
  unread,
} from "../state/notifications";
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { Problem } from "./Problem";
import { Time } from "./Time";

export function NotificationBell() {
  const count = unread.value;
  const shown = count > 99 ? "99+" : String(count);
  const button = (
    <>
      <Icon name="bell" />
      {count > 0 && (
        <span class="bell-count" data-testid="unread-count">
          {shown}
        </span>
      )}
    </>
  );
  return (
    <Popover
      role="dialog"
      label="Notifications"
      buttonLabel={count > 0 ? `Notifications, ${shown} unread` : "Notifications"}
      button={button}
      buttonClass="icon-button bell"
      panelClass="panel-inbox"
      shortcut="notifications"
      onOpen={() => void loadInbox()}
    >
      {(close) => <Inbox close={close} />}
    </Popover>
  );
}

function Inbox({ close }: { close: () => void }) {
  const [busy, setBusy] = useState(false);
  const older = async () => {
    setBusy(true);
    await loadOlder();
    setBusy(false);
  };
  return (
    <>
      <header class="panel-head">
        <h2>Notifications</h2>
        <button type="button" class="text-button" disabled={unread.value === 0} onClick={() => void markAllRead()}>
          Mark all read
        </button>
      </header>
      {inboxProblem.value && <Problem small problem={inboxProblem.value} onRetry={() => void loadInbox()} />}
      {inbox.value.length === 0 && !inboxProblem.value && (
        <p class="panel-empty">Nothing yet. When a file you asked for is ready, it says so here.</p>
      )}
      <ul class="inbox" data-testid="notifications">
        {inbox.value.map((notification) => (
          <InboxItem key={notification.id} notification={notification} close={close} />
        ))}
      </ul>
      {inboxCursor.value && (
        <button type="button" class="text-button panel-more" disabled={busy} onClick={() => void older()}>
          {busy ? "Loading…" : "Older notifications"}
        </button>
      )}
    </>
  );
}

function InboxItem({ notification, close }: { notification: Notification; close: () => void }) {
  const isUnread = notification.read_at === null;
  const open = () => {
    void markRead([notification.id]);
    close();
    navigate(notification.report_id ? `/reports/${notification.report_id}` : "/runs");
  };
  return (
    <li class={isUnread ? "inbox-item is-unread" : "inbox-item"}>
      <button type="button" class="inbox-open" onClick={open}>
        <span class="inbox-title">
          {isUnread && <span class="visually-hidden">Unread: </span>}
          {notification.title}
        </span>
        {notification.body && <span class="inbox-body">{notification.body}</span>}
        <span class="muted">
          <Time at={notification.created_at} />
        </span>
      </button>
      <span class="inbox-actions">
        {notification.state === "succeeded" && (
          <button
            type="button"
            class="icon-button"
            aria-label={`Download ${notification.title}`}
            title="Download"
            onClick={() => void openDownload(notification)}
          >
            <Icon name="download" />
          </button>
        )}
        {isUnread && (
          <button
            type="button"
            class="icon-button"
            aria-label={`Mark as read: ${notification.title}`}
            title="Mark as read"
            onClick={() => void markRead([notification.id])}
          >
            <Icon name="check" />
          </button>
        )}
      </span>
    </li>
  );
}
