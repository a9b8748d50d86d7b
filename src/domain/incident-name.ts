import type { Instant } from './instant.ts';
import type { Contact } from './people.ts';

/** `incident-20241023-1430`: UTC, by detection time (R1.5, whose colon chat channels do not allow). */
export function incidentName(detectedAt: Instant): string {
  const [date = '', time = ''] = detectedAt.split('T');
  return `incident-${date.replaceAll('-', '')}-${time.slice(0, 5).replace(':', '')}`;
}

/** The nth incident of the same minute: the first has no suffix, then `-2`, `-3`. */
export function suffixedName(name: string, count: number): string {
  return count === 1 ? name : `${name}-${count}`;
}

/**
 * One page for a contact and incident: acknowledge and resolve meet it, a second trigger wakes nobody (R0.7), and it is
 * found again by it.
 */
export function dedupKeyOf(incidentId: string, contact: Contact): string {
  return `${incidentId}/${contact}`;
}

const NAME_AT_START = /^(incident-\d{8}-\d{4}(?:-\d+)?)(?![-\w])/;

/** The incident that a key of ours (a page's dedup key, a mail's id) begins with; null when it names none. */
export function incidentNamedBy(key: string): string | null {
  return NAME_AT_START.exec(key)?.[1] ?? null;
}

/** The end of the words of a page: a paging system may show them where it shows no key. */
export function pageMark(name: string): string {
  return `[${name}]`;
}

const MARK_AT_END = /\[(incident-\d{8}-\d{4}(?:-\d+)?)\]\s*$/;

/** The incident whose page has these words; null when they are none of ours. */
export function incidentOfPageWords(words: string): string | null {
  return MARK_AT_END.exec(words)?.[1] ?? null;
}

const NAME_WITHIN = /\b(incident-\d{8}-\d{4}(?:-\d+)?)(?![-\w])/;

/** The first incident that words for people name; null when they name none. */
export function incidentNamedIn(words: string): string | null {
  return NAME_WITHIN.exec(words)?.[1] ?? null;
}

/** What a person writes for an incident: its name or digits of it (`1430`, `1023-1430`), never a word of a sentence. */
const REFERENCE = /^#?(incident-\d[\w-]*|\d{4,8}(-\d+)*)$/i;

export function looksLikeReference(text: string): boolean {
  return REFERENCE.test(text);
}

/** The incidents whose name has this part; `1430` means incident-…-1430 rather than incident-…-1430-2. */
export function namedByPart<T extends { readonly id: string }>(incidents: readonly T[], part: string): readonly T[] {
  const wanted = part.replace(/^#/, '').toLowerCase();
  const fitting = incidents.filter(({ id }) => id.includes(wanted));
  const exact = fitting.filter(({ id }) => id === wanted || id.endsWith(`-${wanted}`));
  return exact.length === 1 ? exact : fitting;
}
