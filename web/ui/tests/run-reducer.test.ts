import { describe, expect, test } from "vitest";
import type { Run } from "../src/api/types";
import { applyAnswer, applyEvent, inOrder, type KnownRuns } from "../src/state/run-reducer";

const NONE: KnownRuns = new Map();

function run(fields: Partial<Run> = {}): Run {
  return {
    id: "r1",
    report_id: "p1",
    report_title: "Punctuality",
    report_version: 1,
    params: {},
    formats: ["pdf"],
    query: null,
    state: "queued",
    attempts: 0,
    progress: null,
    error: null,
    artifacts: [],
    edition_id: null,
    requested_by: "u1",
    requested_at: "2026-01-01T00:00:00Z",
    started_at: null,
    finished_at: null,
    ...fields,
  };
}

const running = (done: number) =>
  run({
    state: "running",
    attempts: 1,
    started_at: "2026-01-01T00:00:01Z",
    progress: { done, total: 10, unit: "pages" },
  });
const succeeded = run({ state: "succeeded", attempts: 1, started_at: "2026-01-01T00:00:01Z" });

describe("a known run", () => {
  test("follows its events", () => {
    let known = applyEvent(NONE, run(), 1);
    known = applyEvent(known, running(3), 2);
    expect(known.get("r1")?.run.progress?.done).toBe(3);
    known = applyEvent(known, succeeded, 3);
    expect(known.get("r1")?.run.state).toBe("succeeded");
  });

  test("isn't put back by an answer that an event overtook", () => {
    const sentAt = 1;
    const known = applyEvent(NONE, running(3), 2);
    expect(applyAnswer(known, [run()], sentAt).get("r1")?.run.state).toBe("running");
  });

  test("is replaced by an answer that was asked for later", () => {
    const known = applyEvent(NONE, running(3), 2);
    expect(applyAnswer(known, [succeeded], 3).get("r1")?.run.state).toBe("succeeded");
  });

  test("stays finished when a late progress report of the same attempt arrives", () => {
    const known = applyEvent(applyEvent(NONE, succeeded, 1), running(9), 2);
    expect(known.get("r1")?.run.state).toBe("succeeded");
  });

  test("starts again when it is retried, even if attempts are counted anew", () => {
    const failed = run({ state: "failed", attempts: 3, started_at: "2026-01-01T00:00:01Z" });
    const queuedAgain = applyEvent(applyEvent(NONE, failed, 1), run({ attempts: 3 }), 2);
    expect(queuedAgain.get("r1")?.run.state).toBe("queued");
    const again = run({ state: "running", attempts: 1, started_at: "2026-01-01T00:05:00Z" });
    expect(applyEvent(applyEvent(NONE, failed, 1), again, 2).get("r1")?.run.state).toBe("running");
  });

  test("never loses progress within an attempt", () => {
    const known = applyEvent(applyEvent(NONE, running(7), 1), running(5), 2);
    expect(known.get("r1")?.run.progress?.done).toBe(7);
  });
});

test("runs are listed newest first", () => {
  const older = run({ id: "r0", requested_at: "2025-12-31T00:00:00Z" });
  const known = applyAnswer(NONE, [older, run()], 1);
  expect(inOrder(known).map((entry) => entry.id)).toEqual(["r1", "r0"]);
  expect(inOrder(known, (entry) => entry.id === "r0").map((entry) => entry.id)).toEqual(["r0"]);
});
