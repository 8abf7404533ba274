/** The corner where short messages appear. A live region, so that they are also heard. */

import { dismissToast, type Toast, toasts } from "../state/toasts";
import { Icon } from "./Icon";

export function Toasts() {
  return (
    <section class="toasts" aria-live="polite" aria-label="Messages" data-testid="toasts">
      {toasts.value.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const leave = () => dismissToast(toast.id);
  return (
    <div class={`toast toast-${toast.tone}`} role="status">
      <div class="toast-words">
        <strong>{toast.text}</strong>
        {toast.detail && <span>{toast.detail}</span>}
      </div>
      {toast.action && <ToastAction action={toast.action} leave={leave} />}
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={leave}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function ToastAction({ action, leave }: { action: NonNullable<Toast["action"]>; leave: () => void }) {
  if (action.href) {
    return (
      <a class="button button-small" href={action.href} onClick={leave}>
        {action.label}
      </a>
    );
  }
  return (
    <button
      type="button"
      class="button button-small"
      onClick={() => {
        leave();
        action.onClick?.();
      }}
    >
      {action.label}
    </button>
  );
}
