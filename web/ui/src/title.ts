/** What the browser's tab says: the page, and before it how many notifications are unread. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { unread } from "./state/notifications";
import { titleOnTab } from "./tab-title";

const pageTitle = signal("");

/** Names the page while it is shown. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    pageTitle.value = title;
  }, [title]);
}

export function useTitleOnTab(): void {
  const title = titleOnTab(pageTitle.value, unread.value);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
