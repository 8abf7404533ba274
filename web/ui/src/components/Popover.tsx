/**
 * A button and what it opens below itself. Esc and a click elsewhere close it; Esc gives the focus back to the button.
 */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: string;
  /** What the button is called where it says more than what it opens. */
  buttonLabel?: string;
  button: ComponentChildren;
  buttonClass?: string;
  panelClass?: string;
  role: "menu" | "dialog";
  shortcut?: string;
  disabled?: boolean;
  onOpen?: () => void;
  children: (close: () => void) => ComponentChildren;
}

export function Popover(props: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panelId = useId();

  // Before anybody can press a key: what opens has the focus at once.
  useLayoutEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!event.composedPath().includes(root.current as EventTarget)) setOpen(false);
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
      event.stopPropagation();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", pressed);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", pressed);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const toggle = () => {
    if (!open) props.onOpen?.();
    setOpen(!open);
  };

  return (
    <div class="popover" ref={root}>
      <button
        type="button"
        ref={button}
        class={props.buttonClass ?? "button"}
        aria-label={props.buttonLabel ?? props.label}
        aria-haspopup={props.role}
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        data-shortcut={props.shortcut}
        disabled={props.disabled}
        onClick={toggle}
      >
        {props.button}
      </button>
      {open && (
        <Panel id={panelId} role={props.role} label={props.label} panelClass={props.panelClass}>
          {props.children(close)}
        </Panel>
      )}
    </div>
  );
}

interface PanelProps {
  id: string;
  role: "menu" | "dialog";
  label: string;
  panelClass: string | undefined;
  children: ComponentChildren;
}

function Panel({ id, role, label, panelClass = "", children }: PanelProps) {
  const labelled = { id, class: `popover-panel ${panelClass}`, "aria-label": label };
  return role === "menu" ? (
    <div {...labelled} role="menu">
      {children}
    </div>
  ) : (
    <div {...labelled} role="dialog">
      {children}
    </div>
  );
}
