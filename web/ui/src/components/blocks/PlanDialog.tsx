/** Why a block is slow: what would make its query faster, what it costs by estimate, and the plan itself. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../../api/problem";
import type { PlanHint, QueryPlan } from "../../api/types";
import type { LiveReport } from "../../report/live-report";
import { adviceFor, costText, mostUsefulFirst, planText, rowsText } from "../../report/plan-words";
import { CopyBlock, CopyButton } from "../CopyBlock";
import { Icon } from "../Icon";
import { Problem } from "../Problem";
import { SkeletonLines } from "../Skeleton";

interface Props {
  report: LiveReport;
  query: string;
  title: string;
  onClosed: () => void;
}

/** Open as long as it is there. The browser closes it on Escape and gives the focus back to what had it. */
export function PlanDialog({ report, query, title, onClosed }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const headingId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog dialog-plan" aria-labelledby={headingId} data-testid="plan" onClose={onClosed}>
      <header class="panel-head">
        <div>
          <p class="kicker">
            How the query <code>{query}</code> is run
          </p>
          <h2 id={headingId}>{title}</h2>
        </div>
        <button type="button" class="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div class="plan-body">
        <Answer report={report} query={query} />
      </div>
    </dialog>
  );
}

function Answer({ report, query }: Pick<Props, "report" | "query">) {
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<{ plan: QueryPlan } | { problem: ApiProblem } | null>(null);

  // Another attempt asks again.
  useEffect(() => {
    const asking = new AbortController();
    setAnswer(null);
    report.plan(query, asking.signal).then(
      (plan) => setAnswer({ plan }),
      (thrown: unknown) => {
        if (!asking.signal.aborted) setAnswer({ problem: problemFrom(thrown) });
      },
    );
    return () => asking.abort();
  }, [report, query, attempt]);

  if (!answer) return <SkeletonLines count={6} />;
  if ("plan" in answer) return <Explained plan={answer.plan} />;
  return (
    <Problem
      problem={answer.problem}
      heading="This query could not be explained"
      onRetry={() => setAttempt(attempt + 1)}
    />
  );
}

function Explained({ plan }: { plan: QueryPlan }) {
  const text = planText(plan);
  return (
    <>
      {plan.hints.length === 0 ? (
        <p class="note">Nothing to improve was found.</p>
      ) : (
        <ul class="plan-hints">
          {mostUsefulFirst(plan.hints).map((hint) => (
            <Hint key={hint.message} hint={hint} />
          ))}
        </ul>
      )}
      <dl class="plan-estimates">
        <div>
          <dt>Estimated cost</dt>
          <dd>{costText(plan.cost)}</dd>
        </div>
        <div>
          <dt>Estimated result</dt>
          <dd>{rowsText(plan.rows)}</dd>
        </div>
      </dl>
      <p class="plan-note muted">
        These are estimates of the data source; the query was not run. A cost of 1 is about one page read in order.
      </p>
      <div class="plan-head">
        <h3>Plan</h3>
        <CopyButton text={text} label="the plan" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region is reached by keyboard */}
      <section class="plan-text" aria-label="Plan" tabIndex={0}>
        <pre>{text}</pre>
      </section>
    </>
  );
}

function Hint({ hint }: { hint: PlanHint }) {
  const advice = adviceFor(hint);
  return (
    <li>
      <p class="plan-hint">{hint.message}</p>
      {advice && <p>{advice}</p>}
      {hint.statement && <CopyBlock text={hint.statement} label="the statement" />}
    </li>
  );
}
