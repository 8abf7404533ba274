/** What went wrong, in words, with what to do next and the request id to quote. */

import type { ApiProblem } from "../api/problem";
import { Icon } from "./Icon";

interface Props {
  problem: ApiProblem;
  heading?: string;
  onRetry?: () => void;
  small?: boolean;
}

export function Problem({ problem, heading, onRetry, small }: Props) {
  return (
    <div class={small ? "problem problem-small" : "problem"} role="alert">
      {heading && <p class="problem-heading">{heading}</p>}
      <p>{problem.message}</p>
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((error) => (
            <li key={error.pointer + error.message}>
              {error.message}
              {error.hint && <span class="muted"> {error.hint}</span>}
            </li>
          ))}
        </ul>
      )}
      <div class="problem-foot">
        {onRetry && (
          <button type="button" class="button button-small" onClick={onRetry}>
            <Icon name="retry" /> Try again
          </button>
        )}
        {problem.requestId && (
          <span class="muted">
            Request <code>{problem.requestId}</code>
          </span>
        )}
      </div>
    </div>
  );
}
