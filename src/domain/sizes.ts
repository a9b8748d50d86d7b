import type { TimelineEvent } from './timeline.ts';

/** Bytes of a value as JSON in UTF-8: what it weighs in a payload. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) ?? '';
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // Half of a pair is two of its four bytes, like any other two-byte character.
    if (code > 0x7f) bytes += code > 0x7ff && !isHalfOfPair(code) ? 2 : 1;
  }
  return bytes;
}

function isHalfOfPair(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** Events in order, cut into stretches of at most so many bytes; always one, which is empty when there are no events. */
export function stretchesOf(
  events: readonly TimelineEvent[],
  maximumBytes: number,
): readonly (readonly TimelineEvent[])[] {
  const stretches: TimelineEvent[][] = [[]];
  let bytes = 0;
  for (const event of events) {
    const more = jsonBytes(event) + 1;
    if (bytes > 0 && bytes + more > maximumBytes) {
      stretches.push([]);
      bytes = 0;
    }
    stretches.at(-1)?.push(event);
    bytes += more;
  }
  return stretches;
}

/** The oldest events that fit, at least one. */
export function oldestWithin(events: readonly TimelineEvent[], maximumBytes: number): readonly TimelineEvent[] {
  let bytes = 0;
  let end = 0;
  for (; end < events.length; end += 1) {
    bytes += jsonBytes(events[end]) + 1;
    if (end > 0 && bytes > maximumBytes) break;
  }
  return events.slice(0, end);
}

/** The newest events that fit, in order; none when not even the last one does. */
export function newestWithin(events: readonly TimelineEvent[], maximumBytes: number): readonly TimelineEvent[] {
  let bytes = 0;
  let first = events.length;
  for (; first > 0; first -= 1) {
    bytes += jsonBytes(events[first - 1]) + 1;
    if (bytes > maximumBytes) break;
  }
  return events.slice(first);
}
