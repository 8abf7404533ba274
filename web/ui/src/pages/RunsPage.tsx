/** All runs of the reader, newest first. */

import { useEffect, useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../api/problem";
import type { Run, RunState } from "../api/types";
import { Problem } from "../components/Problem";
import { RunItem } from "../components/RunItem";
import { SkeletonLines } from "../components/Skeleton";
import { isActive } from "../state/run-reducer";
import { allRuns, loadRuns } from "../state/runs";
import { usePageTitle } from "../title";

type Filter = "all" | "active" | Exclude<RunState, "queued" | "running">;

const FILTERS: { value: Filter; label: string }[] = [
  { value: "all", label: "All" },
  { value: "active", label: "In progress" },
  { value: "succeeded", label: "Ready" },
  { value: "failed", label: "Failed" },
  { value: "cancelled", label: "Cancelled" },
];

export function RunsPage() {
  usePageTitle("Runs");
  const [filter, setFilter] = useState<Filter>("all");
  const { runs, nextCursor, loading, problem, loadMore } = useRunPages();
  const shown = runs.filter((run) => passes(run, filter));
  return (
    <div class="page">
      <header class="contents-head">
        <div class="contents-title">
          <h1>Runs</h1>
          <fieldset class="filters">
            <legend class="visually-hidden">Show</legend>
            {FILTERS.map(({ value, label }) => (
              <label key={value} class={filter === value ? "is-chosen" : ""}>
                <input
                  type="radio"
                  name="state"
                  class="visually-hidden"
                  checked={filter === value}
                  onChange={() => setFilter(value)}
                />
                {label}
              </label>
            ))}
          </fieldset>
        </div>
      </header>
      {problem && <Problem heading="The runs could not be loaded" problem={problem} onRetry={loadMore} />}
      {loading && runs.length === 0 && <SkeletonLines count={6} />}
      {!loading && !problem && shown.length === 0 && (
        <NoRuns filter={filter} searched={runs.length} more={!!nextCursor} />
      )}
      <ul class="runs" aria-label="Runs">
        {shown.map((run) => (
          <RunItem key={run.id} run={run} withTitle />
        ))}
      </ul>
      {nextCursor && (
        <button type="button" class="button" disabled={loading} onClick={loadMore}>
          {loading ? "Loading…" : "Load more"}
        </button>
      )}
    </div>
  );
}

/**
 * The pages loaded so far. Runs that are known from elsewhere but older than the last page's end wait until their page
 * comes, so that the list has no holes.
 */
function useRunPages() {
  const [nextCursor, setNextCursor] = useState<string | null>(null);
  const [oldest, setOldest] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const load = async (cursor: string | null) => {
    setLoading(true);
    setProblem(null);
    try {
      const page = await loadRuns({ cursor });
      setNextCursor(page.nextCursor);
      setOldest(page.nextCursor ? (page.oldest?.requested_at ?? null) : null);
    } catch (thrown) {
      setProblem(problemFrom(thrown));
    }
    setLoading(false);
  };
  // The first page, once.
  useEffect(() => void load(null), []);
  const runs = allRuns.value.filter((run) => oldest === null || run.requested_at >= oldest);
  return { runs, nextCursor, loading, problem, loadMore: () => void load(nextCursor) };
}

function passes(run: Run, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "active" ? isActive(run) : run.state === filter;
}

function NoRuns({ filter, searched, more }: { filter: Filter; searched: number; more: boolean }) {
  if (searched === 0) {
    return (
      <p class="contents-none">
        No runs yet. Open a <a href="/">report</a> and choose “Get as…”: the file is made while you do something else.
      </p>
    );
  }
  const label = FILTERS.find((entry) => entry.value === filter)?.label.toLowerCase();
  return (
    <p class="contents-none">
      None of the {searched} runs loaded is “{label}”.{more && " Load more to look further back."}
    </p>
  );
}
