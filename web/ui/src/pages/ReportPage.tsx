/** One report: its headline, its parameters, how fresh it is, its blocks, and the files made of it. */

import { useEffect, useMemo } from "preact/hooks";
import type { ReportView } from "../api/types";
import { Blocks } from "../components/blocks/Blocks";
import { GetAs } from "../components/GetAs";
import { Icon } from "../components/Icon";
import { ParameterForm } from "../components/ParameterForm";
import { Problem } from "../components/Problem";
import { RecentRuns } from "../components/RecentRuns";
import { SkeletonBox, SkeletonLines } from "../components/Skeleton";
import { clockTime, relativeTime } from "../format/time";
import { freshness, LiveReport } from "../report/live-report";
import { decodeParams } from "../report/params";
import { search } from "../router";
import { now } from "../state/clock";
import { newestVersion } from "../state/events";
import { timeZone } from "../state/session";
import { usePageTitle } from "../title";
import { NotFound } from "./NotFound";

export function ReportPage({ reportId }: { reportId: string }) {
  const report = useMemo(() => new LiveReport(reportId), [reportId]);
  useEffect(() => {
    void report.load(search.value);
  }, [report, search.value]);
  useEffect(() => () => report.close(), [report]);

  const view = report.view.value;
  const problem = report.problem.value;
  usePageTitle(view?.report.title ?? "Report");

  if (!view && problem?.status === 404) return <NotFound what="report" />;
  if (!view && problem) {
    return (
      <div class="page">
        <Problem
          heading="This report could not be loaded"
          problem={problem}
          onRetry={() => void report.load(search.value)}
        />
      </div>
    );
  }
  return (
    <div class="page page-report">
      <article class="report">{view ? <Loaded view={view} report={report} /> : <Opening />}</article>
      <RecentRuns reportId={reportId} />
    </div>
  );
}

function Loaded({ view, report }: { view: ReportView; report: LiveReport }) {
  const reportPath = `/reports/${encodeURIComponent(view.report.id)}`;
  const problem = report.problem.value;
  const toldInFields = Object.keys(report.fieldErrors.value).length > 0;
  const newer = (newestVersion.value[view.report.id] ?? 0) > view.report.version;
  return (
    <>
      <header class="report-head">
        <p class="kicker">
          <a href="/">Reports</a> <span aria-hidden="true">/</span> Version {view.report.version}
        </p>
        <h1>{view.report.title}</h1>
        {view.report.description && <p class="dek">{view.report.description}</p>}
      </header>
      <div class="report-bar">
        {view.missing.length === 0 ? <Stamp view={view} report={report} /> : <p class="stamp">Nothing was read yet</p>}
        <div class="report-tools">
          <button
            type="button"
            class="button button-quiet"
            data-shortcut="refresh"
            disabled={report.loading.value}
            onClick={() => void report.refresh()}
          >
            <Icon name="refresh" /> Refresh
          </button>
          {view.missing.length === 0 && <GetAs view={view} values={decodeParams(view.params, search.value)} />}
        </div>
      </div>
      {newer && (
        <p class="note" role="status">
          A newer version of this report was saved.{" "}
          <button type="button" class="text-button" onClick={() => void report.refresh()}>
            Show it
          </button>
        </p>
      )}
      {view.params.length > 0 && (
        <ParameterForm
          reportPath={reportPath}
          params={view.params}
          search={search.value}
          errors={report.fieldErrors.value}
          busy={report.loading.value}
        />
      )}
      {problem && !toldInFields && (
        <Problem
          heading="These parameters could not be shown"
          problem={problem}
          onRetry={() => void report.load(search.value)}
        />
      )}
      {problem && toldInFields && (
        <p class="note note-bad" role="status">
          What is below is still for other parameters, until the marked ones are put right.
        </p>
      )}
      {view.missing.length > 0 && <Unasked view={view} />}
      <div class={problem || report.loading.value ? "is-refreshing" : ""}>
        <Blocks view={view} report={report} />
      </div>
    </>
  );
}

/** Instead of the blocks while a parameter without a default is not chosen. */
function Unasked({ view }: { view: ReportView }) {
  const labels = view.params.filter((param) => view.missing.includes(param.name)).map((param) => param.label);
  return (
    <p class="note" role="status" data-testid="missing">
      Choose {new Intl.ListFormat("en").format(labels)} above to see this report.
    </p>
  );
}

function Stamp({ view, report }: { view: ReportView; report: LiveReport }) {
  const { asOf, cached, stale } = freshness(view, report.results);
  const label = stale ? "from the cache, being renewed" : cached ? "from the cache" : "fresh";
  const explained = cached
    ? "Nobody had to wait for the database: this answer was kept."
    : "Just read from the database.";
  return (
    <p class="stamp" data-testid="as-of">
      Data as of{" "}
      <time dateTime={asOf} class="stamp-time">
        {clockTime(asOf, now.value, timeZone.value)}
      </time>
      , {relativeTime(asOf, now.value, timeZone.value)}
      <span class={cached ? "stamp-cache is-cached" : "stamp-cache"} title={explained} data-testid="cache-state">
        {label}
      </span>
    </p>
  );
}

function Opening() {
  return (
    <div class="report-opening">
      <SkeletonBox height={52} />
      <SkeletonLines count={2} />
      <SkeletonBox height={72} />
      <SkeletonBox height={280} />
    </div>
  );
}
