/** Does something at once and then again and again, but only while somebody can see the page. */

export interface Visible extends EventTarget {
  readonly visibilityState: DocumentVisibilityState;
}

/** A turn begins `everyMs` after the one before has ended, and at once when the page is looked at again. Returns how to stop. */
export function whileVisible(task: () => Promise<void>, everyMs: number, page: Visible = document): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let stopped = false;

  const turn = async () => {
    clearTimeout(timer);
    if (stopped || busy || page.visibilityState !== "visible") return;
    busy = true;
    try {
      await task();
    } finally {
      busy = false;
      if (!stopped) timer = setTimeout(turn, everyMs);
    }
  };

  page.addEventListener("visibilitychange", turn);
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    page.removeEventListener("visibilitychange", turn);
  };
}
