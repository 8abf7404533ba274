/** What charts and tables share: the title, and waiting, failing or having no rows. */

import type { ComponentChildren } from "preact";
import type { QueryData } from "../../api/types";
import { rowsLoaded } from "../../report/columns";
import type { QueryState } from "../../report/live-report";
import { Problem } from "../Problem";
import { SkeletonBox } from "../Skeleton";
import { type Explain, ExplainButton } from "./ExplainButton";

interface Props {
  kind: "chart" | "table";
  query: string;
  title: string | null;
  subtitle?: string | null;
  state: QueryState;
  height: number;
  onRetry: () => void;
  onExplain: Explain | null;
  children: (data: QueryData) => ComponentChildren;
}

export function Figure({ kind, query, title, subtitle, state, height, onRetry, onExplain, children }: Props) {
  return (
    <figure
      class={`figure figure-${kind}${state.loading && state.data ? " is-refreshing" : ""}`}
      aria-busy={state.loading}
      data-testid={`${kind}-${query}`}
    >
      {title && (
        <figcaption>
          {title}
          {subtitle && <span>{subtitle}</span>}
        </figcaption>
      )}
      {onExplain && <ExplainButton query={query} title={title ?? query} onExplain={onExplain} />}
      <Body state={state} height={height} onRetry={onRetry}>
        {children}
      </Body>
    </figure>
  );
}

function Body({ state, height, onRetry, children }: Pick<Props, "state" | "height" | "onRetry" | "children">) {
  if (state.problem) {
    return <Problem problem={state.problem} heading="This part could not be loaded" onRetry={onRetry} />;
  }
  if (!state.data) return <SkeletonBox height={height} />;
  if (rowsLoaded(state.data) === 0) {
    return <p class="figure-empty">No rows for these parameters.</p>;
  }
  return <>{children(state.data)}</>;
}
