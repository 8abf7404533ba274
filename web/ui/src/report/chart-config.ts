/** The theme of charts on the page. By day it is the report's own, which the files have too; by night only colours change. */

type Config = Record<string, unknown>;

const INK = "#eceae4";
const SOFT = "#a9acb2";
const RULE = "#30353c";
const AXIS = "#6f7379";
const CATEGORY = ["#6ea8e0", "#f08a5a", "#45c2a0", "#d98bbd", "#f0c05a", "#9ad0f5", "#a9a9b0", "#c98f78"];

/** The page's own typeface, which is there; what the files are set in may not be. */
const PAGE: Config = { background: "transparent", font: "'Public Sans Variable', system-ui, sans-serif" };

const DARK: Config = {
  axis: { labelColor: SOFT, titleColor: SOFT, gridColor: RULE, domainColor: AXIS, tickColor: AXIS },
  axisX: { domainColor: AXIS, tickColor: AXIS },
  legend: { labelColor: INK, titleColor: SOFT },
  header: { labelColor: SOFT, titleColor: INK },
  title: { color: INK, subtitleColor: SOFT },
  text: { color: INK },
  rule: { color: SOFT },
  mark: { color: CATEGORY[0] },
  range: { category: CATEGORY },
};

export function chartConfig(own: unknown, dark: boolean): Config {
  const base = merged(isConfig(own) ? own : {}, PAGE);
  return dark ? merged(base, DARK) : base;
}

/** `over` wins; objects are merged key by key. */
function merged(base: Config, over: Config): Config {
  const result: Config = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isConfig(before) && isConfig(value) ? merged(before, value) : value;
  }
  return result;
}

function isConfig(value: unknown): value is Config {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
