/**
 * A report's parameters in the address: `?param.NAME=VALUE`, the same in the page's address and in the API's.
 *
 * The address holds only what differs from the defaults, so a shared link follows the report when its defaults change.
 * A list repeats its name; an empty string is null, or the empty list.
 */

import type { Param, ParamValue, Scalar } from "../api/types";

const PREFIX = "param.";

/** Only the parameters of an address, in its own order: what is sent on to the API. */
export function paramSearch(search: string): string {
  const kept = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(search)) {
    if (name.startsWith(PREFIX)) kept.append(name, value);
  }
  const text = kept.toString();
  return text ? `?${text}` : "";
}

/** The address for these values. Values without a parameter of that name are dropped. */
export function encodeParams(params: Param[], values: Record<string, ParamValue>): string {
  const search = new URLSearchParams();
  for (const param of params) {
    const value = values[param.name];
    if (value === undefined || sameValue(value, param.default)) continue;
    const name = PREFIX + param.name;
    if (!Array.isArray(value)) search.append(name, asText(value));
    else if (value.length === 0) search.append(name, "");
    else for (const item of value) search.append(name, asText(item));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/** What the address says, over the defaults. Text that isn't of the parameter's type is kept, for the server to judge. */
export function decodeParams(params: Param[], search: string): Record<string, ParamValue> {
  const given = new URLSearchParams(search);
  const values: Record<string, ParamValue> = {};
  for (const param of params) {
    const texts = given.getAll(PREFIX + param.name);
    values[param.name] = texts.length === 0 ? param.default : decodeOne(param, texts);
  }
  return values;
}

function decodeOne(param: Param, texts: string[]): ParamValue {
  if (param.type === "list") {
    return texts.filter((text) => text !== "").map((text) => typed(text, param.of ?? "text", param));
  }
  return typed(texts[texts.length - 1] ?? "", param.type, param);
}

function typed(text: string, type: string, param: Param): Scalar {
  if (text === "") return null;
  if (type === "number") return numberOrText(text);
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  const option = param.options?.find((candidate) => asText(candidate.value) === text);
  return option ? option.value : text;
}

/** What a person typed into a number field: a number where it is one, else the text as it stands. */
export function numberOrText(text: string): number | string | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : trimmed;
}

export function asText(value: Scalar): string {
  return value === null ? "" : String(value);
}

export function sameValue(one: ParamValue, other: ParamValue): boolean {
  if (Array.isArray(one) || Array.isArray(other)) {
    const left = Array.isArray(one) ? one : [];
    const right = Array.isArray(other) ? other : [];
    return left.length === right.length && left.every((item, index) => item === right[index]);
  }
  return asText(one) === asText(other);
}

export function differsFromDefaults(params: Param[], values: Record<string, ParamValue>): boolean {
  return params.some((param) => !sameValue(values[param.name] ?? null, param.default));
}
