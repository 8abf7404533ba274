/** One run: what was asked for, how far it is, and what can be done about it. */

import { useState } from "preact/hooks";
import type { Run } from "../api/types";
import { count, fileSize, plural } from "../format/numbers";
import { duration } from "../format/time";
import { isActive } from "../state/run-reducer";
import { cancel, retry } from "../state/runs";
import { Icon } from "./Icon";
import { Time } from "./Time";

const STATES: Record<Run["state"], string> = {
  queued: "Waiting",
  running: "Being made",
  succeeded: "Ready",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function RunItem({ run, withTitle }: { run: Run; withTitle?: boolean }) {
  return (
    <li class={`run run-${run.state}`} data-testid="run" data-state={run.state} data-run-id={run.id}>
      <span class="run-format">{run.formats.map((format) => format.toUpperCase()).join(" ")}</span>
      <div class="run-words">
        {withTitle && (
          <a class="run-title" href={`/reports/${run.report_id}`}>
            {run.report_title}
          </a>
        )}
        <p class="run-state">
          <strong>{STATES[run.state]}</strong>
          {run.query && <span class="muted"> · {run.query}</span>}
          <span class="muted">
            {" · "}
            <Time at={run.finished_at ?? run.requested_at} />
          </span>
          {run.state === "succeeded" && run.started_at && run.finished_at && (
            <span class="muted"> · took {duration(run.started_at, run.finished_at)}</span>
          )}
        </p>
        {isActive(run) && <RunProgress run={run} />}
        {run.error && run.state === "failed" && <p class="run-error">{run.error.message}</p>}
        <RunFiles run={run} />
      </div>
      <RunActions run={run} />
    </li>
  );
}

function RunProgress({ run }: { run: Run }) {
  const progress = run.progress;
  const label = `Progress of ${run.report_title}`;
  if (!progress || run.state === "queued") {
    return <div class="progress progress-waiting" role="progressbar" aria-label={label} />;
  }
  const total = progress.total;
  const share = total ? Math.min(1, progress.done / total) : null;
  const words =
    total === null
      ? plural(progress.done, progress.unit, progress.unit)
      : `${count(progress.done)} of ${count(total)} ${progress.unit}`;
  return (
    <>
      <div
        class={share === null ? "progress progress-waiting" : "progress"}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share === null ? undefined : Math.round(share * 100)}
        aria-valuetext={words}
      >
        {share !== null && <span style={{ width: `${share * 100}%` }} />}
      </div>
      <p class="run-note muted">{words}</p>
    </>
  );
}

function RunFiles({ run }: { run: Run }) {
  if (run.artifacts.length === 0) return null;
  return (
    <ul class="run-files">
      {run.artifacts.map((artifact) => (
        <li key={artifact.name}>
          <a href={artifact.url} download={artifact.name} aria-label={`Download ${artifact.name}`}>
            <Icon name="download" />
            <span class="run-file-name">{artifact.name}</span>
          </a>
          <span class="muted">
            {fileSize(artifact.size_bytes)}
            {artifact.row_count !== null && ` · ${plural(artifact.row_count, "row")}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function RunActions({ run }: { run: Run }) {
  const [busy, setBusy] = useState(false);
  const during = async (change: (run: Run) => Promise<void>) => {
    setBusy(true);
    await change(run);
    setBusy(false);
  };
  if (isActive(run)) {
    return (
      <button type="button" class="text-button" disabled={busy} onClick={() => void during(cancel)}>
        {busy ? "Cancelling…" : "Cancel"}
      </button>
    );
  }
  if (run.state === "succeeded") return null;
  return (
    <button type="button" class="text-button" disabled={busy} onClick={() => void during(retry)}>
      {busy ? "Starting…" : "Retry"}
    </button>
  );
}
