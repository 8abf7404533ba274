/** Starts the browser's own download of a run's files, for places that only know the run's id. */

import { problemFrom } from "../api/problem";
import { fetchRun, knownRun } from "./runs";
import { showToast } from "./toasts";

/** Whether there was a file to download. */
export async function downloadArtifacts(runId: string): Promise<boolean> {
  try {
    const known = knownRun(runId);
    const run = known && known.artifacts.length > 0 ? known : await fetchRun(runId);
    for (const artifact of run.artifacts) startDownload(artifact.url, artifact.name);
    return run.artifacts.length > 0;
  } catch (thrown) {
    showToast({ tone: "bad", text: "The download did not start", detail: problemFrom(thrown).message });
    return true;
  }
}

function startDownload(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
