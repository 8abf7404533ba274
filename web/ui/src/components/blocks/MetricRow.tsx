/** Neighbouring metrics: one large number each. */

import type { MetricBlock } from "../../api/types";
import { metricText } from "../../format/values";
import { aggregate } from "../../report/aggregate";
import { columnValues } from "../../report/columns";
import type { QueryState } from "../../report/live-report";
import { type Explain, ExplainButton } from "./ExplainButton";

interface Props {
  metrics: MetricBlock[];
  stateOf: (query: string) => QueryState;
  onExplain: Explain | null;
}

export function MetricRow({ metrics, stateOf, onExplain }: Props) {
  return (
    <dl class="metrics">
      {metrics.map((metric) => (
        <Metric
          key={`${metric.query} ${metric.value} ${metric.label}`}
          metric={metric}
          state={stateOf(metric.query)}
          onExplain={onExplain}
        />
      ))}
    </dl>
  );
}

interface MetricProps {
  metric: MetricBlock;
  state: QueryState;
  onExplain: Explain | null;
}

function Metric({ metric, state, onExplain }: MetricProps) {
  return (
    <div class={state.loading && state.data ? "metric is-refreshing" : "metric"} aria-busy={state.loading}>
      <dt>{metric.label}</dt>
      <dd data-testid={`metric-${metric.query}-${metric.value}`}>
        <Value metric={metric} state={state} />
      </dd>
      {onExplain && (
        <dd class="metric-explain">
          <ExplainButton query={metric.query} title={metric.label} onExplain={onExplain} />
        </dd>
      )}
    </div>
  );
}

function Value({ metric, state }: { metric: MetricBlock; state: QueryState }) {
  if (state.problem) return <span class="metric-problem">{state.problem.message}</span>;
  if (!state.data) return <span class="skeleton skeleton-number" role="status" aria-label="Loading" />;
  const value = aggregate(columnValues(state.data, metric.value), metric.agg);
  return (
    <>
      {metricText(value, metric.format)}
      {metric.unit && value !== null && <span class="metric-unit">{metric.unit}</span>}
    </>
  );
}
