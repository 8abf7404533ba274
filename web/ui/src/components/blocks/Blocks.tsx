/** The body of a report: its blocks in order, neighbouring metrics in a row; for authors, how each one's query is run. */

import { useState } from "preact/hooks";
import type { ReportView } from "../../api/types";
import { sections } from "../../report/layout";
import type { LiveReport, QueryState } from "../../report/live-report";
import { isAuthor } from "../../state/session";
import { ChartFigure } from "./ChartFigure";
import { MetricRow } from "./MetricRow";
import { PlanDialog } from "./PlanDialog";
import { TableFigure } from "./TableFigure";

const WAITING: QueryState = { loading: true, data: null, problem: null, cache: null };

export function Blocks({ view, report }: { view: ReportView; report: LiveReport }) {
  const [explained, setExplained] = useState<{ query: string; title: string } | null>(null);
  const onExplain = isAuthor.value ? (query: string, title: string) => setExplained({ query, title }) : null;
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
        if (section.kind === "metrics")
          return <MetricRow key={key} metrics={section.metrics} stateOf={stateOf} onExplain={onExplain} />;
        const onRetry = () => void report.reload(section.query);
        const shared = { state: stateOf(section.query), onRetry, onExplain };
        if (section.kind === "chart") return <ChartFigure key={key} {...shared} block={section} />;
        return <TableFigure key={key} {...shared} block={section} />;
      })}
      {explained && <PlanDialog {...explained} report={report} onClosed={() => setExplained(null)} />}
    </div>
  );
}
