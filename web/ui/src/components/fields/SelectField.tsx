/** A choice from a short list: the browser's own select. Values are told apart by their place, not by their text. */

import type { ControlProps } from "./Field";

export function SelectField({ id, param, value, describedBy, invalid, onChange }: ControlProps) {
  const options = param.options ?? [];
  const at = options.findIndex((option) => option.value === value);
  const unknown = at < 0;
  return (
    <span class="select">
      <select
        id={id}
        value={unknown ? "" : String(at)}
        aria-invalid={invalid}
        aria-describedby={describedBy}
        onChange={(event) => onChange(options[Number(event.currentTarget.value)]?.value ?? null, false)}
      >
        {unknown && (
          <option value="" disabled>
            {value === null || value === "" ? "Choose…" : String(value)}
          </option>
        )}
        {options.map((option, index) => (
          <option key={String(option.value)} value={String(index)}>
            {option.label}
          </option>
        ))}
      </select>
    </span>
  );
}
