/** Says that the data behind a data source has changed. */

import { useEffect, useId, useState } from "preact/hooks";
import * as api from "../../api";
import { type ApiProblem, problemFrom } from "../../api/problem";
import type { DataSource, Page } from "../../api/types";
import { showToast } from "../../state/toasts";
import { Problem } from "../Problem";
import { Time } from "../Time";

export function SourceRefreshed() {
  const id = useId();
  const { sources, problem, load, replace } = useSources();
  const [chosenId, setChosenId] = useState("");
  const [busy, setBusy] = useState(false);
  const chosen = sources?.find((source) => source.id === chosenId) ?? sources?.[0] ?? null;

  const tell = async (event: Event) => {
    event.preventDefault();
    if (!chosen || busy) return;
    setBusy(true);
    try {
      replace(await api.sourceRefreshed(chosen.id));
      const detail = "Whoever reads next gets the new data; what is read most is being computed.";
      showToast({ tone: "good", text: `The data of “${chosen.name}” has changed`, detail });
    } catch (thrown) {
      showToast({ tone: "bad", text: "This was not noted", detail: problemFrom(thrown).message });
    }
    setBusy(false);
  };

  return (
    <form class="cache-form" onSubmit={(event) => void tell(event)} data-testid="source-refreshed">
      <h2>The data has changed</h2>
      <p>
        No result from before now counts any more. A job that loads data can say this itself:{" "}
        <code>POST /data-sources/…/refreshed</code>.
      </p>
      {problem && <Problem small problem={problem} onRetry={load} />}
      {sources?.length === 0 ? (
        <p class="muted">There is no data source yet.</p>
      ) : (
        <div class="field">
          <label for={id}>Data source</label>
          <span class="select">
            <select id={id} value={chosen?.id ?? ""} onChange={(event) => setChosenId(event.currentTarget.value)}>
              {!sources && <option value="">Loading…</option>}
              {sources?.map((source) => (
                <option key={source.id} value={source.id}>
                  {source.name}
                </option>
              ))}
            </select>
          </span>
          {chosen && (
            <p class="field-hint muted">
              {chosen.refreshed_at ? (
                <>
                  Last said <Time at={chosen.refreshed_at} />
                </>
              ) : (
                "Nobody has said so yet"
              )}
            </p>
          )}
        </div>
      )}
      <button type="submit" class="button" disabled={!chosen || busy}>
        It has changed
      </button>
    </form>
  );
}

async function allSources(): Promise<DataSource[]> {
  const found: DataSource[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<DataSource> = await api.listSources(cursor);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

function useSources() {
  const [sources, setSources] = useState<DataSource[] | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const load = async () => {
    setProblem(null);
    try {
      setSources(await allSources());
    } catch (thrown) {
      setProblem(problemFrom(thrown));
    }
  };
  useEffect(() => void load(), []);
  const replace = (changed: DataSource) =>
    setSources((known) => known?.map((source) => (source.id === changed.id ? changed : source)) ?? null);
  return { sources, problem, load: () => void load(), replace };
}
