/** How the cache does, in words and in the order in which a person looks for it. */

import type { CacheUse, MethodUse, RedisUse } from "../api/types";
import { count, memorySize, plural } from "../format/numbers";

const NAMES: Record<string, string> = {
  "queries.data": "Results for pages",
  "queries.view": "Report pages",
  "queries.result": "Queries at data sources",
  "accounts.authenticate": "Sign-in checks",
  "accounts.list_users": "Lists of people",
  "accounts.get_user": "People",
  "catalog.list_reports": "Lists of reports",
  "catalog.get_report": "Texts of reports",
  "catalog.list_versions": "Versions of reports",
  "catalog.list_sources": "Lists of data sources",
  "catalog.get_source": "Data sources",
  "catalog.connection": "Ways to data sources",
  "runs.list_editions": "Editions of reports",
  "notifications.inbox": "Inboxes",
};

const ORDER = Object.keys(NAMES);

/** A method in plain words; one that has none yet is shown by its own name. */
export function methodName(method: string): string {
  return NAMES[method] ?? method;
}

/** What readers wait for first, then the rest as it came. */
export function inReadingOrder(methods: MethodUse[]): MethodUse[] {
  const place = ({ method }: MethodUse) => (ORDER.includes(method) ? ORDER.indexOf(method) : ORDER.length);
  return [...methods].sort((a, b) => place(a) - place(b));
}

export interface Summary {
  questions: number;
  hitRatio: number | null;
  bytes: number;
}

/** What the organization’s rows say together. The ratio is that of all questions, not the mean of ratios. */
export function summary(methods: MethodUse[]): Summary {
  let [questions, kept, bytes] = [0, 0, 0];
  for (const method of methods) {
    if (method.counted_for !== "organization") continue;
    kept += method.hits + method.stale;
    questions += method.hits + method.stale + method.misses + method.waits;
    bytes += method.bytes;
  }
  return { questions, hitRatio: questions > 0 ? kept / questions : null, bytes };
}

/** "98%"; never "100%" while something was missed, never "0%" while something was hit. */
export function percent(ratio: number | null): string {
  if (ratio === null) return "–";
  const rounded = Math.round(ratio * 100);
  if (rounded === 100 && ratio < 1) return ">99%";
  if (rounded === 0 && ratio > 0) return "<1%";
  return `${rounded}%`;
}

/** "Redis answers · 12 MB of 256 MB · nothing evicted". */
export function redisLine(redis: RedisUse): string {
  if (!redis.answers) return "Redis does not answer: answers are computed; nothing is lost";
  const parts = ["Redis answers"];
  if (redis.memory_bytes !== null) {
    const limit = redis.limit_bytes ? ` of ${memorySize(redis.limit_bytes)}` : ", without a limit";
    parts.push(memorySize(redis.memory_bytes) + limit);
  }
  if (redis.evicted_keys !== null) {
    parts.push(redis.evicted_keys === 0 ? "nothing evicted" : `${count(redis.evicted_keys)} evicted`);
  }
  return parts.join(" · ");
}

const BREAKERS = {
  closed: "asks Redis",
  open: "leaves Redis alone for a few seconds",
  "half-open": "tries Redis again with its next question",
};

/** What the one process of the web server that has answered does about Redis. */
export function processLine({ breaker, breaker_opened, errors, told_of_changes }: CacheUse["process"]): string {
  const told = told_of_changes ? "hears of changes" : "hears of no changes, so its own copies count for a second";
  const seen = errors === 0 ? "no errors" : `${plural(errors, "error")}, given up on ${times(breaker_opened)},`;
  return `This web process ${BREAKERS[breaker]} and ${told}; ${seen} since it started.`;
}

function times(number: number): string {
  if (number === 1) return "once";
  return number === 0 ? "never" : `${count(number)} times`;
}
