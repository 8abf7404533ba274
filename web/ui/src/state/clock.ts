/** The time that relative times are relative to. Ticks often enough for "n s ago" and not more. */

import { signal } from "@preact/signals";

const TICK_MS = 10_000;

export const now = signal(Date.now());

export function startClock(): () => void {
  const tick = () => {
    now.value = Date.now();
  };
  const timer = window.setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
  return () => {
    window.clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
  };
}
