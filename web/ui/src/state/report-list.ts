/** The reports that have been listed so far. Coming back to the list shows what it had, while it is asked for anew. */

import { signal } from "@preact/signals";
import * as api from "../api";
import { type ApiProblem, problemFrom } from "../api/problem";
import type { ReportSummary } from "../api/types";

interface ReportList {
  items: ReportSummary[];
  nextCursor: string | null;
  loading: boolean;
  problem: ApiProblem | null;
}

export const reportList = signal<ReportList>({ items: [], nextCursor: null, loading: true, problem: null });

export function startReportList(): void {
  void load(null);
}

export async function loadMoreReports(): Promise<void> {
  const { nextCursor, loading } = reportList.value;
  if (!loading) await load(nextCursor);
}

async function load(cursor: string | null): Promise<void> {
  reportList.value = { ...reportList.value, loading: true, problem: null };
  try {
    const page = await api.listReports(cursor);
    const before = cursor ? reportList.value.items : [];
    reportList.value = {
      items: [...before, ...page.items],
      nextCursor: page.next_cursor,
      loading: false,
      problem: null,
    };
  } catch (thrown) {
    reportList.value = { ...reportList.value, loading: false, problem: problemFrom(thrown) };
  }
}
