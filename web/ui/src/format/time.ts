/** Times for people: in the reader's zone, relative where that is what matters. Instants come as RFC 3339. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "3 min ago", "2 hours ago", "yesterday", "5 days ago", then the date. */
export function relativeTime(instant: string, nowMs: number, zone?: string): string {
  const seconds = Math.round((nowMs - Date.parse(instant)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < -MINUTE) return absoluteTime(instant, zone);
  if (seconds < 10) return "just now";
  if (seconds < MINUTE) return `${seconds} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return ago(Math.floor(seconds / HOUR), "hour");
  if (seconds < 2 * DAY) return "yesterday";
  if (seconds < 14 * DAY) return ago(Math.floor(seconds / DAY), "day");
  return dateOnly(instant, zone);
}

function ago(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** "24 Nov 2026, 06:12:04 GMT+1" in the zone. */
export function absoluteTime(instant: string, zone?: string): string {
  return formatter(zone, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  }).format(new Date(instant));
}

/** "24 Nov 2026". */
export function dateOnly(instant: string, zone?: string): string {
  return formatter(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(instant));
}

/** "Tuesday, 24 November 2026": the line under a masthead. */
export function dateline(nowMs: number, zone?: string): string {
  return formatter(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(nowMs));
}

/** "06:12:04", with its date before it when that isn't today. */
export function clockTime(instant: string, nowMs: number, zone?: string): string {
  const time = formatter(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = dateOnly(instant, zone);
  const today = dateOnly(new Date(nowMs).toISOString(), zone);
  return day === today ? time.format(new Date(instant)) : `${day}, ${time.format(new Date(instant))}`;
}

/** "4.2 s", "1 min 12 s": how long something took. */
export function duration(fromInstant: string, toInstant: string): string {
  const seconds = Math.max(0, (Date.parse(toInstant) - Date.parse(fromInstant)) / 1000);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < MINUTE) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / MINUTE)} min ${Math.round(seconds % MINUTE)} s`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** A zone that this browser doesn't know falls back to the browser's own. */
function formatter(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone ?? ""} ${JSON.stringify(options)}`;
  const known = formatters.get(key);
  if (known) return known;
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat("en-GB", zone ? { ...options, timeZone: zone } : options);
  } catch {
    made = new Intl.DateTimeFormat("en-GB", options);
  }
  formatters.set(key, made);
  return made;
}
