import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inReadingOrder, methodName, percent, processLine, redisLine, summary } from "../src/admin/cache-words";
import type { MethodUse } from "../src/api/types";
import { whileVisible } from "../src/state/while-visible";

function use(method: string, counts: Partial<MethodUse> = {}): MethodUse {
  const none = { hits: 0, stale: 0, misses: 0, waits: 0, hit_ratio: null, refreshes: 0, bypassed: 0, bytes: 0 };
  return { method, counted_for: "organization", ...none, ...counts };
}

describe("the cache in words", () => {
  test("a method has a plain name, or its own while it has none", () => {
    expect(methodName("accounts.authenticate")).toBe("Sign-in checks");
    expect(methodName("schedules.next")).toBe("schedules.next");
  });

  test("what readers wait for comes first, unknown methods last", () => {
    const methods = ["schedules.next", "accounts.authenticate", "queries.view", "queries.data"].map((name) =>
      use(name),
    );
    expect(inReadingOrder(methods).map(({ method }) => method)).toEqual([
      "queries.data",
      "queries.view",
      "accounts.authenticate",
      "schedules.next",
    ]);
  });

  test("the summary is of all the organization's questions, and of nobody else's", () => {
    const methods = [
      use("queries.data", { hits: 90, stale: 5, misses: 3, waits: 2, bytes: 1000 }),
      use("catalog.get_report", { misses: 100, refreshes: 7, bypassed: 9 }),
      use("accounts.authenticate", { hits: 1000, counted_for: "installation" }),
    ];
    expect(summary(methods)).toEqual({ questions: 200, hitRatio: 0.475, bytes: 1000 });
    expect(summary([]).hitRatio).toBeNull();
  });

  test("a ratio is neither all nor nothing while it is not", () => {
    expect([null, 0, 0.001, 0.5, 0.984, 0.9999, 1].map(percent)).toEqual([
      "–",
      "0%",
      "<1%",
      "50%",
      "98%",
      ">99%",
      "100%",
    ]);
  });

  test("Redis is told in one line", () => {
    const redis = { answers: true, memory_bytes: 12 << 20, limit_bytes: 256 << 20, evicted_keys: 0 };
    expect(redisLine(redis)).toBe("Redis answers · 12 MB of 256 MB · nothing evicted");
    expect(redisLine({ ...redis, evicted_keys: 1234 })).toBe("Redis answers · 12 MB of 256 MB · 1,234 evicted");
    expect(redisLine({ ...redis, limit_bytes: 0 })).toBe("Redis answers · 12 MB, without a limit · nothing evicted");
    const silent = { memory_bytes: null, limit_bytes: null, evicted_keys: null };
    expect(redisLine({ answers: true, ...silent })).toBe("Redis answers");
    expect(redisLine({ answers: false, ...silent })).toBe(
      "Redis does not answer: answers are computed; nothing is lost",
    );
  });

  test("so is the process that answered", () => {
    expect(processLine({ breaker: "closed", breaker_opened: 0, errors: 0, told_of_changes: true })).toBe(
      "This web process asks Redis and hears of changes; no errors since it started.",
    );
    expect(processLine({ breaker: "open", breaker_opened: 1, errors: 3, told_of_changes: false })).toBe(
      "This web process leaves Redis alone for a few seconds and hears of no changes, so its own copies count for a " +
        "second; 3 errors, given up on once, since it started.",
    );
  });
});

describe("what is done while the page is visible", () => {
  class Page extends EventTarget {
    visibilityState: DocumentVisibilityState = "visible";

    turn(visibility: DocumentVisibilityState) {
      this.visibilityState = visibility;
      this.dispatchEvent(new Event("visibilitychange"));
    }
  }

  let done = 0;
  const task = async () => {
    done += 1;
  };

  beforeEach(() => {
    done = 0;
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  test("is done at once and then again and again", async () => {
    const stop = whileVisible(task, 1000, new Page());
    await vi.advanceTimersByTimeAsync(3500);
    expect(done).toBe(4);
    stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(done).toBe(4);
  });

  test("rests while nobody looks and goes on when somebody does", async () => {
    const page = new Page();
    const stop = whileVisible(task, 1000, page);
    await vi.advanceTimersByTimeAsync(100);
    page.turn("hidden");
    await vi.advanceTimersByTimeAsync(5000);
    expect(done).toBe(1);
    page.turn("visible");
    await vi.advanceTimersByTimeAsync(1500);
    expect(done).toBe(3);
    stop();
  });

  test("is never done twice at the same time", async () => {
    const page = new Page();
    const slow = async () => {
      done += 1;
      await new Promise((resolve) => setTimeout(resolve, 3000));
    };
    const stop = whileVisible(slow, 1000, page);
    await vi.advanceTimersByTimeAsync(1000);
    page.turn("visible");
    expect(done).toBe(1);
    await vi.advanceTimersByTimeAsync(3500);
    expect(done).toBe(2);
    stop();
  });
});
