/** The contents: every report of the organization, to search in and to open. */

import { useEffect, useState } from "preact/hooks";
import type { ReportSummary } from "../api/types";
import { CopyBlock } from "../components/CopyBlock";
import { Icon } from "../components/Icon";
import { Problem } from "../components/Problem";
import { SkeletonLines } from "../components/Skeleton";
import { Time } from "../components/Time";
import { plural } from "../format/numbers";
import { dateline } from "../format/time";
import { matchingReports } from "../report/search";
import { now } from "../state/clock";
import { loadMoreReports, reportList, startReportList } from "../state/report-list";
import { me, timeZone } from "../state/session";
import { usePageTitle } from "../title";

export function ReportsPage() {
  usePageTitle("Reports");
  const [text, setText] = useState("");
  useEffect(() => startReportList(), []);
  const { items, nextCursor, loading, problem } = reportList.value;

  // A search means all reports: those that aren't here yet are fetched while there is something to search for.
  useEffect(() => {
    if (text.trim() && nextCursor && !loading && !problem) void loadMoreReports();
  }, [text, nextCursor, loading, problem]);

  const found = matchingReports(items, text);
  const firstLoad = loading && items.length === 0;
  const empty = !loading && !problem && items.length === 0;
  return (
    <div class="page">
      <header class="contents-head">
        <p class="kicker">
          {dateline(now.value, timeZone.value)} <span aria-hidden="true">—</span> {me.value?.organization.name}
        </p>
        <div class="contents-title">
          <h1>Reports</h1>
          {items.length > 0 && <Search text={text} onText={setText} />}
        </div>
      </header>
      {firstLoad && (
        <div class="contents-skeleton">
          <SkeletonLines count={3} />
          <SkeletonLines count={3} />
          <SkeletonLines count={3} />
        </div>
      )}
      {problem && (
        <Problem
          heading="The reports could not be loaded"
          problem={problem}
          onRetry={() => void (items.length > 0 ? loadMoreReports() : startReportList())}
        />
      )}
      {empty && <FirstReport />}
      {text.trim() && found.length === 0 && !loading && items.length > 0 && (
        <p class="contents-none">
          No report has “{text.trim()}” in its title or description.{" "}
          <button type="button" class="text-button" onClick={() => setText("")}>
            Show all
          </button>
        </p>
      )}
      <ul class="contents" aria-label="Reports">
        {found.map((report) => (
          <Entry key={report.id} report={report} />
        ))}
      </ul>
      <p class="visually-hidden" role="status">
        {text.trim() && !loading ? `${plural(found.length, "report")} found` : ""}
      </p>
      {nextCursor && !text.trim() && (
        <button type="button" class="button" disabled={loading} onClick={() => void loadMoreReports()}>
          {loading ? "Loading…" : "Load more"}
        </button>
      )}
    </div>
  );
}

function Search({ text, onText }: { text: string; onText: (text: string) => void }) {
  return (
    <div class="search">
      <Icon name="search" />
      <input
        type="search"
        aria-label="Search reports"
        placeholder="Search"
        data-search
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onText("");
        }}
      />
      <kbd>/</kbd>
    </div>
  );
}

function Entry({ report }: { report: ReportSummary }) {
  return (
    <li class="entry">
      <div>
        <h2>
          <a href={`/reports/${report.id}`}>{report.title}</a>
        </h2>
        {report.description && <p class="entry-words">{report.description}</p>}
      </div>
      <p class="entry-meta">
        <span>Version {report.version}</span>
        <span>
          Changed <Time at={report.updated_at} />
        </span>
      </p>
    </li>
  );
}

function FirstReport() {
  const origin = window.location.origin;
  const command = [
    `curl -X POST ${origin}/api/v1/reports \\`,
    '  -H "Authorization: Bearer $BROADSHEET_TOKEN" \\',
    '  -H "Content-Type: text/markdown" \\',
    "  --data-binary @first.report.md",
  ].join("\n");
  return (
    <section class="first-report">
      <h2>No reports yet</h2>
      <p>
        A report is one text file: Markdown, the SQL it stands on, its charts and its parameters. Write{" "}
        <code>first.report.md</code>, then send it with an API token:
      </p>
      <CopyBlock text={command} label="the command" />
      <p class="muted">It appears here as soon as it is saved, and every mistake in it is named with its line.</p>
    </section>
  );
}
