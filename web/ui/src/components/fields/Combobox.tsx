/**
 * A text field that searches a list of options (the ARIA combobox pattern): arrows move, Enter picks, Esc closes.
 *
 * With `onText`, text that is no option is accepted too. Leaving the field without picking puts back what was there.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Option } from "../../api/types";
import { matching } from "./matching";

interface Props {
  id: string;
  options: Option[];
  text: string;
  placeholder?: string;
  describedBy: string | undefined;
  invalid: boolean;
  onPick: (option: Option) => void;
  onText?: (text: string) => void;
}

export function Combobox({ id, options, text, placeholder, describedBy, invalid, onPick, onText }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const [wanted, setWanted] = useState(false);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = matching(options, typed ?? "");
  // Options that come after the typing open the list by themselves.
  const open = wanted && options.length > 0;

  // Follows the active option.
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, open]);

  const reset = () => {
    setTyped(null);
    setWanted(false);
    setActive(0);
  };
  const pick = (option: Option) => {
    reset();
    onPick(option);
  };
  const accept = () => {
    const option = found[active];
    if (open && option) pick(option);
    else if (onText && typed?.trim()) {
      onText(typed.trim());
      reset();
    } else return false;
    return true;
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive(open ? Math.max(0, Math.min(found.length - 1, active + step)) : 0);
      setWanted(true);
    } else if (event.key === "Enter" || (event.key === "," && onText)) {
      if (!accept()) return;
    } else if (event.key === "Escape" && open) {
      reset();
      event.stopPropagation();
    } else return;
    event.preventDefault();
  };

  return (
    <div class="combobox">
      <input
        id={id}
        type="text"
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && found[active] ? `${id}-${active}` : undefined}
        aria-invalid={invalid}
        aria-describedby={describedBy}
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        value={typed ?? text}
        onFocus={(event) => event.currentTarget.select()}
        onClick={() => setWanted(true)}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setActive(0);
          setWanted(true);
        }}
        onKeyDown={pressed}
        onBlur={() => {
          if (onText && typed?.trim()) onText(typed.trim());
          reset();
        }}
      />
      {open && (
        <div class="combobox-list" id={`${id}-list`} ref={list} role="listbox">
          {found.map((option, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the field
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
            <div
              key={String(option.value)}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(option)}
            >
              {option.label}
            </div>
          ))}
          {found.length === 0 && <p class="muted">Nothing found</p>}
        </div>
      )}
    </div>
  );
}
