/** The body of a report: its blocks in order, neighbouring metrics in a row. */

import type { ReportView } from "../../api/types";
import { sections } from "../../report/layout";
import type { LiveReport, QueryState } from "../../report/live-report";
import { ChartFigure } from "./ChartFigure";
import { MetricRow } from "./MetricRow";
import { TableFigure } from "./TableFigure";

const WAITING: QueryState = { loading: true, data: null, problem: null, cache: null };

export function Blocks({ view, report }: { view: ReportView; report: LiveReport }) {
  const results = report.results.value;
  const stateOf = (query: string) => results[query] ?? WAITING;
  return (
    <div class="blocks">
      {sections(view.blocks).map((section, index) => {
        const key = `${index}-${section.kind}`;
        if (section.kind === "markdown") {
          // The server renders markdown with raw HTML turned off: this is its own markup, never the author's.
          return <div key={key} class="prose" dangerouslySetInnerHTML={{ __html: section.html }} />;
        }
        if (section.kind === "metrics") return <MetricRow key={key} metrics={section.metrics} stateOf={stateOf} />;
        const state = stateOf(section.query);
        const retry = () => void report.reload(section.query);
        if (section.kind === "chart") return <ChartFigure key={key} block={section} state={state} onRetry={retry} />;
        return <TableFigure key={key} block={section} state={state} onRetry={retry} />;
      })}
    </div>
  );
}
