/** A chart. Vega is fetched when the first one comes near the screen, never before. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ChartBlock, QueryData } from "../../api/types";
import { chartHeadline } from "../../report/layout";
import type { QueryState } from "../../report/live-report";
import { isDark } from "../../state/theme";
import { SkeletonBox } from "../Skeleton";
import type { Explain } from "./ExplainButton";
import { Figure } from "./Figure";

interface Props {
  block: ChartBlock;
  state: QueryState;
  onRetry: () => void;
  onExplain: Explain | null;
}

export function ChartFigure({ block, state, onRetry, onExplain }: Props) {
  const headline = chartHeadline(block);
  return (
    <Figure
      kind="chart"
      query={block.query}
      {...headline}
      state={state}
      height={block.height}
      onRetry={onRetry}
      onExplain={onExplain}
    >
      {(data) => <Drawing block={block} data={data} />}
    </Figure>
  );
}

function Drawing({ block, data }: { block: ChartBlock; data: QueryData }) {
  const host = useRef<HTMLDivElement>(null);
  const near = useNear(host);
  const [state, setState] = useState<"waiting" | "drawn" | { failed: string }>("waiting");
  const dark = isDark.value;
  const spec = JSON.stringify(block.spec);

  // The specification is compared by its text.
  useEffect(() => {
    const element = host.current;
    if (!near || !element) return;
    let left = false;
    let remove = () => {};
    const draw = async () => {
      const { drawChart } = await import("../../report/chart");
      if (left) return;
      remove = await drawChart(element, block, data, dark);
      if (left) remove();
      else setState("drawn");
    };
    draw().catch((thrown: unknown) => {
      if (!left) setState({ failed: thrown instanceof Error ? thrown.message : String(thrown) });
    });
    return () => {
      left = true;
      remove();
    };
  }, [near, data, dark, spec]);

  return (
    <>
      {state === "waiting" && <SkeletonBox height={block.height} />}
      {typeof state === "object" && <p class="problem problem-small">This chart can’t be drawn: {state.failed}</p>}
      <div
        ref={host}
        class="chart"
        role="img"
        aria-label={`Chart: ${block.title ?? block.query}`}
        data-drawn={state === "drawn"}
        style={state === "drawn" ? { minHeight: `${block.height}px` } : {}}
      />
    </>
  );
}

/** Whether the element has come within a screen of being seen. */
function useNear(element: { current: HTMLElement | null }): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setNear(true);
      },
      { rootMargin: "400px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return near;
}
