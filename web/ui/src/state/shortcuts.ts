/** Keys that work everywhere, and the list of them that `?` shows. Never while something is being typed. */

import { signal } from "@preact/signals";
import { navigate } from "../router";

export const shortcutsShown = signal(false);

export const SHORTCUTS: { keys: string[]; does: string }[] = [
  { keys: ["/"], does: "Search" },
  { keys: ["g", "r"], does: "Go to reports" },
  { keys: ["g", "u"], does: "Go to runs" },
  { keys: ["n"], does: "Open notifications" },
  { keys: ["e"], does: "Get this report as a file" },
  { keys: ["r"], does: "Refresh this report’s data" },
  { keys: ["Esc"], does: "Close what is open" },
  { keys: ["?"], does: "Show these shortcuts" },
];

/** A click on whatever carries this key, so that a shortcut does what its button does. */
const CLICKS: Record<string, string> = { n: "notifications", e: "get-as", r: "refresh" };
const SEQUENCE_MS = 1_200;

export function startShortcuts(): () => void {
  let goPressedAt = Number.NEGATIVE_INFINITY;
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const afterGo = event.timeStamp - goPressedAt < SEQUENCE_MS;
    goPressedAt = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
    if (afterGo && event.key === "r") navigate("/");
    else if (afterGo && event.key === "u") navigate("/runs");
    else if (event.key === "?") shortcutsShown.value = true;
    else if (event.key === "/") focusOn(document.querySelector<HTMLElement>("[data-search]"));
    else if (CLICKS[event.key]) document.querySelector<HTMLElement>(`[data-shortcut="${CLICKS[event.key]}"]`)?.click();
    else return;
    event.preventDefault();
  };
  window.addEventListener("keydown", pressed);
  return () => window.removeEventListener("keydown", pressed);
}

function focusOn(element: HTMLElement | null): void {
  if (element) element.focus();
  else navigate("/");
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
