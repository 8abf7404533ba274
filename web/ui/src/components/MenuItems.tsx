/** The items of a menu: arrows, Home and End move between them, the first one has the focus when the menu opens. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export function MenuItems({ children, depth = 0 }: { children: ComponentChildren; depth?: number }) {
  const list = useRef<HTMLDivElement>(null);
  // Another depth is another list of items, which starts at its first.
  useLayoutEffect(() => {
    items(list.current)[0]?.focus();
  }, [depth]);

  const moved = (event: KeyboardEvent) => {
    const all = items(list.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  };

  return (
    <div class="menu" ref={list} onKeyDown={moved} role="none">
      {children}
    </div>
  );
}

function items(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
}
