/** An instant as relative time that keeps up, with the absolute time in the reader's zone on hover. */

import { absoluteTime, relativeTime } from "../format/time";
import { now } from "../state/clock";
import { timeZone } from "../state/session";

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absoluteTime(at, timeZone.value)}>
      {relativeTime(at, now.value, timeZone.value)}
    </time>
  );
}
