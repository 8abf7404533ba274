/** The files of one report that were asked for lately, beside the report. */

import { useEffect, useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../api/problem";
import { loadRuns, runsOfReport } from "../state/runs";
import { Problem } from "./Problem";
import { RunItem } from "./RunItem";
import { SkeletonLines } from "./Skeleton";

const SHOWN = 8;

export function RecentRuns({ reportId }: { reportId: string }) {
  const [state, setState] = useState<"loading" | "ready" | ApiProblem>("loading");
  const load = () => {
    setState("loading");
    loadRuns({ reportId, limit: SHOWN }).then(
      () => setState("ready"),
      (thrown) => setState(problemFrom(thrown)),
    );
  };
  // Once per report.
  useEffect(load, [reportId]);

  const runs = runsOfReport(reportId).slice(0, SHOWN);
  return (
    <aside class="rail" aria-labelledby="recent-runs">
      <h2 id="recent-runs" class="rail-heading">
        Recent runs
      </h2>
      {runs.length === 0 && state === "loading" && <SkeletonLines count={3} />}
      {typeof state === "object" && <Problem small problem={state} onRetry={load} />}
      {runs.length === 0 && state === "ready" && (
        <p class="muted">No files yet. “Get as…” makes one while you go on reading, and it stays here.</p>
      )}
      <ul class="runs runs-rail" aria-label="Recent runs">
        {runs.map((run) => (
          <RunItem key={run.id} run={run} />
        ))}
      </ul>
      {runs.length > 0 && (
        <p>
          <a href="/runs">All my runs</a>
        </p>
      )}
    </aside>
  );
}
