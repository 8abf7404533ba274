/** Chooses a report whose answers are not to count any more. */

import { useEffect, useId, useState } from "preact/hooks";
import * as api from "../../api";
import { problemFrom } from "../../api/problem";
import type { Option } from "../../api/types";
import { loadMoreReports, reportList, startReportList } from "../../state/report-list";
import { showToast } from "../../state/toasts";
import { Combobox } from "../fields/Combobox";

export function ForgetReport() {
  const id = useId();
  const [chosen, setChosen] = useState<Option | null>(null);
  const [busy, setBusy] = useState(false);
  const { items, nextCursor, loading, problem } = reportList.value;
  useEffect(() => startReportList(), []);

  // All reports can be chosen, so all pages are fetched.
  useEffect(() => {
    if (nextCursor && !loading && !problem) void loadMoreReports();
  }, [nextCursor, loading, problem]);

  const forget = async (event: Event) => {
    event.preventDefault();
    if (!chosen || busy) return;
    setBusy(true);
    try {
      await api.forgetReport(String(chosen.value));
      showToast({ tone: "good", text: `“${chosen.label}” is forgotten`, detail: "Its next reader gets it made anew." });
      setChosen(null);
    } catch (thrown) {
      showToast({ tone: "bad", text: "The report was not forgotten", detail: problemFrom(thrown).message });
    }
    setBusy(false);
  };

  const options = items.map((report) => ({ value: report.id, label: report.title }));
  return (
    <form class="cache-form" onSubmit={(event) => void forget(event)} data-testid="forget-report">
      <h2>Forget a report</h2>
      <p>Its page is put together anew for its next reader, and all of its queries are asked again.</p>
      <div class="field">
        <label for={id}>Report</label>
        <Combobox
          id={id}
          options={options}
          text={chosen?.label ?? ""}
          placeholder={loading ? "Loading…" : problem ? "The reports could not be loaded" : "Search by title"}
          describedBy={undefined}
          invalid={false}
          onPick={setChosen}
        />
      </div>
      <button type="submit" class="button" disabled={!chosen || busy}>
        Forget it
      </button>
    </form>
  );
}
