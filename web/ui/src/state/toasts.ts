/** Short messages in the corner. Each leaves by itself, unless it has something to do in it that takes longer to reach. */

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  tone: "plain" | "good" | "bad";
  text: string;
  detail?: string;
  action?: { label: string; href?: string; onClick?: () => void };
}

const PLAIN_MS = 6_000;
const WITH_ACTION_MS = 20_000;
let nextId = 1;

export const toasts = signal<Toast[]>([]);

export function showToast(toast: Omit<Toast, "id">): void {
  const id = nextId++;
  toasts.value = [...toasts.value.slice(-3), { ...toast, id }];
  window.setTimeout(() => dismissToast(id), toast.action || toast.tone === "bad" ? WITH_ACTION_MS : PLAIN_MS);
}

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function clearToasts(): void {
  toasts.value = [];
}
