/** What a search in a list of options finds. */

import type { Option } from "../../api/types";

const SHOWN = 100;

/** Options whose label or value has the text in it; those that start with it first. */
export function matching(options: Option[], text: string): Option[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return options.slice(0, SHOWN);
  const starts: Option[] = [];
  const contains: Option[] = [];
  for (const option of options) {
    const label = option.label.toLowerCase();
    const value = String(option.value).toLowerCase();
    if (label.startsWith(wanted) || value.startsWith(wanted)) starts.push(option);
    else if (label.includes(wanted)) contains.push(option);
  }
  return [...starts, ...contains].slice(0, SHOWN);
}
