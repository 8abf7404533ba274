/** The theme of charts on the page. By day it is the report's own, which the files have too; by night only colours change. */

type Config = Record<string, unknown>;

const DARK_INK = "#eceae4";
const DARK_MUTED = "#a3a7ad";
const DARK_RULE = "#30353c";
const DARK_CATEGORY = [
  "#8db8ec",
  "#f0a868",
  "#7fcf9f",
  "#e58a8a",
  "#c3a6ea",
  "#d9c26a",
  "#74c7d4",
  "#e9a3c9",
  "#a9b0b8",
  "#b6d47f",
];

const FONT = "'Public Sans Variable', system-ui, sans-serif";

const PAGE: Config = {
  background: "transparent",
  font: FONT,
};

const DARK: Config = {
  axis: {
    domainColor: DARK_MUTED,
    gridColor: DARK_RULE,
    tickColor: DARK_MUTED,
    labelColor: DARK_MUTED,
    titleColor: DARK_INK,
  },
  legend: { labelColor: DARK_MUTED, titleColor: DARK_INK },
  header: { labelColor: DARK_MUTED, titleColor: DARK_INK },
  title: { color: DARK_INK, subtitleColor: DARK_MUTED },
  text: { color: DARK_INK },
  rule: { color: DARK_MUTED },
  style: { "guide-label": { fill: DARK_MUTED }, "guide-title": { fill: DARK_INK } },
  view: { stroke: "transparent" },
  mark: { color: DARK_CATEGORY[0] },
  bar: { color: DARK_CATEGORY[0] },
  line: { color: DARK_CATEGORY[0] },
  area: { color: DARK_CATEGORY[0] },
  point: { color: DARK_CATEGORY[0] },
  arc: { color: DARK_CATEGORY[0] },
  range: { category: DARK_CATEGORY, ramp: { scheme: "blues" }, heatmap: { scheme: "blues" } },
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
