/**
 * Draws a Vega-Lite specification with a query's rows. Imported lazily: it brings Vega with it.
 *
 * Expressions are interpreted, not compiled, because the page's content security policy forbids eval.
 */

import embed, { type VisualizationSpec } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";
import type { ChartBlock, QueryData } from "../api/types";
import { chartConfig } from "./chart-config";
import { chartRows } from "./columns";

type Spec = Record<string, unknown>;

/** Draws into `element`; gives what removes the drawing again. */
export async function drawChart(
  element: HTMLElement,
  block: ChartBlock,
  data: QueryData,
  dark: boolean,
): Promise<() => void> {
  const spec = completeSpec(block, data, dark);
  // Labels are measured when they are laid out: by then their typeface must be there.
  await document.fonts.load("12px 'Public Sans Variable'").catch(() => undefined);
  const result = await embed(element, spec as unknown as VisualizationSpec, {
    mode: "vega-lite",
    actions: false,
    renderer: "svg",
    ast: true,
    expr: expressionInterpreter,
    tooltip: { theme: dark ? "dark" : "light" },
  });
  // The container's width can change without the window's: a panel that opens, a scroll bar.
  const observer = new ResizeObserver(() => {
    window.dispatchEvent(new Event("resize"));
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    result.finalize();
    element.replaceChildren();
  };
}

/** The specification with its rows, as wide as the page, in the colours of the theme. */
export function completeSpec(block: ChartBlock, data: QueryData, dark: boolean): Spec {
  const inUtc = /"utc/.test(JSON.stringify(block.spec));
  const spec: Spec = {
    ...block.spec,
    data: { name: "rows", values: chartRows(data, inUtc) },
    config: chartConfig(block.spec.config, dark),
    background: "transparent",
  };
  if (block.title) delete spec.title;
  const fillsWidth = !(
    "facet" in spec ||
    "hconcat" in spec ||
    "vconcat" in spec ||
    "concat" in spec ||
    "repeat" in spec
  );
  if (fillsWidth) {
    spec.width = "container";
    spec.height ??= block.height;
    spec.autosize ??= { type: "fit", contains: "padding" };
  }
  return spec;
}
