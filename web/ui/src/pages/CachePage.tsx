/** How the cache does today, kept up to date while it is looked at, and two ways to make it forget. For admins. */

import { useEffect, useState } from "preact/hooks";
import { inReadingOrder, methodName, percent, processLine, redisLine, summary } from "../admin/cache-words";
import * as api from "../api";
import { type ApiProblem, problemFrom } from "../api/problem";
import type { CacheUse, MethodUse } from "../api/types";
import { ForgetReport } from "../components/admin/ForgetReport";
import { SourceRefreshed } from "../components/admin/SourceRefreshed";
import { Problem } from "../components/Problem";
import { SkeletonBox, SkeletonLines } from "../components/Skeleton";
import { count, fileSize } from "../format/numbers";
import { me } from "../state/session";
import { whileVisible } from "../state/while-visible";
import { usePageTitle } from "../title";
import { Forbidden } from "./Forbidden";

const EVERY_MS = 5_000;

export function CachePage() {
  usePageTitle("Cache");
  const { use, problem, ask } = useCacheUse();
  if (problem?.status === 403) return <Forbidden />;
  return (
    <div class="page">
      <header class="contents-head">
        <p class="kicker">
          For admins <span aria-hidden="true">—</span> {me.value?.organization.name}
        </p>
        <div class="contents-title">
          <h1>Cache</h1>
          {use && <RedisState use={use} />}
        </div>
      </header>
      {problem && (
        <div class="cache-problem">
          <Problem
            heading={use ? "These figures are no longer kept up to date" : "The cache could not be looked at"}
            problem={problem}
            onRetry={ask}
          />
        </div>
      )}
      {!use && !problem && <Opening />}
      {use && <Today use={use} />}
      <section class="cache-forget" aria-label="Make it forget">
        <ForgetReport />
        <SourceRefreshed />
      </section>
      {use && <p class="muted cache-process">{processLine(use.process)}</p>}
    </div>
  );
}

/** The newest figures; those that are there stay while newer ones can’t be had. */
function useCacheUse() {
  const [use, setUse] = useState<CacheUse | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const ask = async () => {
    try {
      setUse(await api.getCacheUse());
      setProblem(null);
    } catch (thrown) {
      setProblem(problemFrom(thrown));
    }
  };
  useEffect(() => whileVisible(ask, EVERY_MS), []);
  return { use, problem, ask: () => void ask() };
}

/** The figures change all the time; only whether Redis answers is also said aloud. */
function RedisState({ use }: { use: CacheUse }) {
  return (
    <>
      <p class={use.redis.answers ? "cache-redis" : "cache-redis is-away"} data-testid="redis">
        {redisLine(use.redis)}
      </p>
      <p class="visually-hidden" role="status">
        {use.redis.answers ? "" : "Redis does not answer"}
      </p>
    </>
  );
}

function Today({ use }: { use: CacheUse }) {
  if (use.methods.length === 0) {
    return (
      <p class="contents-none" data-testid="nothing-counted">
        {use.redis.answers
          ? "Nothing was asked yet today. Open a report, and its questions are counted here within seconds."
          : "There are no figures without Redis."}
      </p>
    );
  }
  const { questions, hitRatio, bytes } = summary(use.methods);
  return (
    <>
      <dl class="metrics cache-summary">
        <Figure label="Answered from the cache today" value={percent(hitRatio)} />
        <Figure label="Questions" value={count(questions)} />
        <Figure label="Results sent from Redis" value={fileSize(bytes)} />
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region is reached by keyboard */}
      <section class="table-scroll cache-table" aria-label="Today by kind of question" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">What was asked</th>
              <th scope="col">From the cache</th>
              {["Hits", "Stale", "Misses", "Waits"].map((label) => (
                <th key={label} scope="col" class="align-right">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {inReadingOrder(use.methods).map((method) => (
              <Row key={method.method} method={method} />
            ))}
          </tbody>
        </table>
      </section>
      <p class="table-foot muted">
        Since midnight UTC. A hit is given as it was kept; a stale answer is given at once while a newer one is
        computed; a miss is computed; a wait shares what somebody else was computing just then.
      </p>
    </>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div class="metric">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Row({ method }: { method: MethodUse }) {
  const ratio = method.hit_ratio;
  return (
    <tr data-testid={`method-${method.method}`}>
      <th scope="row" title={method.method}>
        {methodName(method.method)}
        {method.counted_for === "installation" && <span class="muted"> of all organizations</span>}
      </th>
      <td class="align-right is-whole has-bar">
        {ratio !== null && ratio > 0 && (
          <span class="bar" aria-hidden="true">
            <span style={{ left: 0, width: `${Math.max(ratio * 100, 0.6)}%` }} />
          </span>
        )}
        <span>{percent(ratio)}</span>
      </td>
      {[method.hits, method.stale, method.misses, method.waits].map((number, column) => (
        // The columns are always the same.
        <td key={column} class="align-right is-whole">
          {count(number)}
        </td>
      ))}
    </tr>
  );
}

function Opening() {
  return (
    <div class="contents-skeleton">
      <SkeletonLines count={2} />
      <SkeletonBox height={260} />
    </div>
  );
}
