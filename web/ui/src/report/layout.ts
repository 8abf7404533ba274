/** What a report's blocks look like on the page: neighbouring metrics share a row, queries are known by a title. */

import type { Block, ChartBlock, MetricBlock } from "../api/types";

export type Section = Exclude<Block, MetricBlock> | { kind: "metrics"; metrics: MetricBlock[] };

export function sections(blocks: Block[]): Section[] {
  const made: Section[] = [];
  for (const block of blocks) {
    const last = made[made.length - 1];
    if (block.kind !== "metric") made.push(block);
    else if (last?.kind === "metrics") last.metrics.push(block);
    else made.push({ kind: "metrics", metrics: [block] });
  }
  return made;
}

export interface Headline {
  title: string | null;
  subtitle: string | null;
}

/** A chart's headline. The page sets it itself, as it does a table's, so the specification's own is left out of the drawing. */
export function chartHeadline(block: ChartBlock): Headline {
  const own = block.spec.title as string | { subtitle?: unknown } | undefined;
  const subtitle = typeof own === "object" && typeof own.subtitle === "string" ? own.subtitle : null;
  return { title: block.title, subtitle: block.title ? subtitle : null };
}

export interface NamedQuery {
  name: string;
  title: string;
}

/** The report's queries in order of appearance, with the title of a table (or else a chart) that shows them. */
export function namedQueries(blocks: Block[]): NamedQuery[] {
  const titles = new Map<string, string | null>();
  for (const block of blocks) {
    if (block.kind === "markdown") continue;
    const title = block.kind === "metric" ? null : block.title;
    if (!titles.get(block.query) || (block.kind === "table" && title)) titles.set(block.query, title);
  }
  return [...titles].map(([name, title]) => ({ name, title: title ?? name }));
}
