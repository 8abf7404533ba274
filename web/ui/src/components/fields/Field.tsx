/** One parameter: its label, the control for its type, and what is wrong with it. */

import { useId } from "preact/hooks";
import type { Param, ParamValue, Scalar } from "../../api/types";
import { asText, numberOrText } from "../../report/params";
import { Combobox } from "./Combobox";
import { ListField } from "./ListField";
import { SelectField } from "./SelectField";

/** Up to this many options a plain select is quickest; beyond it, one that can be searched. */
const SELECT_UP_TO = 30;

export interface ControlProps {
  id: string;
  param: Param;
  value: ParamValue;
  describedBy: string | undefined;
  invalid: boolean;
  /** `typed` says that more may follow at once. */
  onChange: (value: ParamValue, typed: boolean) => void;
}

interface Props {
  param: Param;
  value: ParamValue;
  error: string | null;
  onChange: (value: ParamValue, typed: boolean) => void;
}

export function Field({ param, value, error, onChange }: Props) {
  const id = useId();
  const control = {
    id,
    param,
    value,
    describedBy: error ? `${id}-error` : undefined,
    invalid: error !== null,
    onChange,
  };
  return (
    <div class={`field field-${param.type}${error ? " is-invalid" : ""}`} data-testid={`param-${param.name}`}>
      <label for={id}>{param.label || param.name}</label>
      <Control {...control} />
      {error && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

function Control(props: ControlProps) {
  const { param } = props;
  if (param.type === "list") return <ListField {...props} />;
  if (param.type === "boolean") return <BooleanField {...props} />;
  if (param.options && param.options.length > SELECT_UP_TO) return <ChoiceSearch {...props} />;
  if (param.options) return <SelectField {...props} />;
  if (param.type === "date") return <DateField {...props} />;
  return <TextField {...props} />;
}

function ChoiceSearch({ id, param, value, describedBy, invalid, onChange }: ControlProps) {
  const options = param.options ?? [];
  const current = options.find((option) => option.value === value);
  return (
    <Combobox
      id={id}
      options={options}
      text={current?.label ?? asText(value as Scalar)}
      describedBy={describedBy}
      invalid={invalid}
      onPick={(option) => onChange(option.value, false)}
    />
  );
}

function BooleanField({ id, value, describedBy, onChange }: ControlProps) {
  return (
    <span class="switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={value === true}
        aria-checked={value === true}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.currentTarget.checked, false)}
      />
      <span aria-hidden="true">{value === true ? "Yes" : "No"}</span>
    </span>
  );
}

function DateField({ id, value, describedBy, invalid, onChange }: ControlProps) {
  return (
    <input
      id={id}
      type="date"
      value={asText(value as Scalar)}
      aria-invalid={invalid}
      aria-describedby={describedBy}
      onInput={(event) => {
        const text = event.currentTarget.value;
        // The field tells of every digit of the year: wait for one that can be meant.
        if (text === "" || Number(text.slice(0, 4)) >= 1000) onChange(text || null, true);
      }}
    />
  );
}

function TextField({ id, param, value, describedBy, invalid, onChange }: ControlProps) {
  const isNumber = param.type === "number";
  return (
    <input
      id={id}
      type="text"
      inputMode={isNumber ? "decimal" : "text"}
      value={asText(value as Scalar)}
      placeholder={isNumber ? rangeHint(param) : ""}
      title={isNumber ? rangeHint(param) : ""}
      autocomplete="off"
      spellcheck={false}
      aria-invalid={invalid}
      aria-describedby={describedBy}
      onInput={(event) => {
        const text = event.currentTarget.value;
        onChange(isNumber ? numberOrText(text) : text || null, true);
      }}
    />
  );
}

function rangeHint(param: Param): string {
  const { minimum, maximum } = param;
  if (minimum !== null && maximum !== null) return `${minimum} to ${maximum}`;
  if (minimum !== null) return `${minimum} or more`;
  if (maximum !== null) return `${maximum} or less`;
  return "";
}
