/** Which reports a search finds: those with every word in their title or description. */

import type { ReportSummary } from "../api/types";

export function matchingReports(reports: ReportSummary[], text: string): ReportSummary[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return reports;
  return reports.filter((report) => {
    const within = folded(`${report.title} ${report.description}`);
    return words.every((word) => within.includes(word));
  });
}

/** Without case and accents. */
function folded(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase();
}
