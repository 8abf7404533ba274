/** Where the reader is. The address is the state: back, forward and a shared link all work from it. */

import { computed, signal } from "@preact/signals";

export interface Place {
  path: string;
  search: string;
}

const here = (): Place => ({ path: window.location.pathname, search: window.location.search });

export const place = signal<Place>(here());
export const path = computed(() => place.value.path);
export const search = computed(() => place.value.search);

export type Route =
  | { page: "reports" }
  | { page: "report"; reportId: string }
  | { page: "runs" }
  | { page: "cache" }
  | { page: "nowhere" };

export function routeOf(pathname: string): Route {
  const parts = pathname.split("/").filter(Boolean);
  if (parts.length === 0 || (parts.length === 1 && parts[0] === "reports")) return { page: "reports" };
  if (parts.length === 1 && parts[0] === "runs") return { page: "runs" };
  if (parts.length === 2 && parts[0] === "admin" && parts[1] === "cache") return { page: "cache" };
  if (parts.length === 2 && parts[0] === "reports" && parts[1]) {
    return { page: "report", reportId: decodeURIComponent(parts[1]) };
  }
  return { page: "nowhere" };
}

/** Goes to `to` (a path with its search). Going to another page starts at its top. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const before = window.location.pathname;
  if (options.replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  place.value = here();
  if (place.value.path !== before) window.scrollTo(0, 0);
}

/** Follows the browser's back and forward, and plain clicks on links within the site. Returns how to stop. */
export function startRouter(): () => void {
  const moved = () => {
    place.value = here();
  };
  const clicked = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || url.pathname.startsWith("/api/")) return;
    if (url.hash && url.pathname === window.location.pathname) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  };
  window.addEventListener("popstate", moved);
  document.addEventListener("click", clicked);
  return () => {
    window.removeEventListener("popstate", moved);
    document.removeEventListener("click", clicked);
  };
}
