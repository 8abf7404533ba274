/** Several values: those that are chosen, each with its way out, and a field that adds another one. */

import type { Option, Scalar } from "../../api/types";
import { asText, numberOrText } from "../../report/params";
import { Icon } from "../Icon";
import { Combobox } from "./Combobox";
import type { ControlProps } from "./Field";

export function ListField({ id, param, value, describedBy, invalid, onChange }: ControlProps) {
  const chosen = Array.isArray(value) ? value : value === null || value === "" ? [] : [value];
  const options = param.options ?? [];
  const left = options.filter((option) => !chosen.includes(option.value));
  const labelOf = (item: Scalar) => options.find((option) => option.value === item)?.label ?? asText(item);
  const add = (item: Scalar) => {
    if (item !== null && !chosen.includes(item)) onChange([...chosen, item], false);
  };
  const remove = (item: Scalar) =>
    onChange(
      chosen.filter((other) => other !== item),
      false,
    );
  const typedIn = (text: string) => add(param.of === "number" ? numberOrText(text) : text);
  return (
    <div class="list-field">
      {chosen.map((item) => (
        <span class="chip" key={asText(item)}>
          {labelOf(item)}
          <button type="button" aria-label={`Remove ${labelOf(item)}`} onClick={() => remove(item)}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      <Combobox
        id={id}
        options={left}
        text=""
        placeholder={chosen.length === 0 ? "Add…" : "Add another…"}
        describedBy={describedBy}
        invalid={invalid}
        onPick={(option: Option) => add(option.value)}
        {...(options.length === 0 ? { onText: typedIn } : {})}
      />
    </div>
  );
}
