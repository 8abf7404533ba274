/**
 * The parameters of a report. A change is applied by itself: at once where it is a choice, after a pause or Enter where
 * it is typed. Applying means a new address; what the fields show is always what the address says, until one is edited.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Param, ParamValue } from "../api/types";
import { decodeParams, differsFromDefaults, encodeParams, paramSearch } from "../report/params";
import { navigate } from "../router";
import { Field } from "./fields/Field";

const TYPING_PAUSE_MS = 500;

interface Props {
  reportPath: string;
  params: Param[];
  search: string;
  errors: Record<string, string>;
  busy: boolean;
}

export function ParameterForm({ reportPath, params, search, errors, busy }: Props) {
  const inAddress = paramSearch(search);
  const [edited, setEdited] = useState<Record<string, ParamValue>>({});
  const pending = useRef(0);

  // A new address replaces what was being edited.
  useEffect(() => {
    window.clearTimeout(pending.current);
    setEdited({});
  }, [inAddress]);
  useEffect(() => () => window.clearTimeout(pending.current), []);

  const values = { ...decodeParams(params, search), ...edited };
  const apply = (next: Record<string, ParamValue>) => {
    window.clearTimeout(pending.current);
    const to = encodeParams(params, next);
    if (to !== inAddress) navigate(reportPath + to);
    else setEdited({});
  };
  const changed = (name: string, value: ParamValue, typed: boolean) => {
    const next = { ...values, [name]: value };
    setEdited({ ...edited, [name]: value });
    window.clearTimeout(pending.current);
    if (typed) pending.current = window.setTimeout(() => apply(next), TYPING_PAUSE_MS);
    else apply(next);
  };

  return (
    <form
      class="params"
      aria-label="Parameters"
      aria-busy={busy}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        apply(values);
      }}
    >
      {params.map((param) => (
        <Field
          key={param.name}
          param={param}
          value={values[param.name] ?? null}
          error={errors[param.name] ?? null}
          onChange={(value, typed) => changed(param.name, value, typed)}
        />
      ))}
      {differsFromDefaults(params, values) && (
        <button type="button" class="text-button params-reset" onClick={() => navigate(reportPath)}>
          Reset to defaults
        </button>
      )}
      <button type="submit" class="visually-hidden" tabIndex={-1}>
        Apply
      </button>
    </form>
  );
}
