import type { Finding, ProbeName } from '../../domain/evidence.ts';
import { type Instant, plusMinutes } from '../../domain/instant.ts';
import type { ChartInput } from '../../views/chart.ts';
import { type Deadlines, REAL_DEADLINES } from '../deadlines.ts';
import type { CollectEvidenceInput } from './api.ts';
import type { EvidencePorts } from './ports.ts';

/** What a probe is asked about. */
export type Look = CollectEvidenceInput;

/** What a probe found, before redaction and storage. */
export interface Observation {
  readonly command: string;
  readonly words: string;
  readonly abnormal: boolean;
  readonly finding: Finding;
  /** Where the very same question is answered for people; the dashboard of the policy when it is left out. */
  readonly link?: string | null;
  /** The series behind the words, for a picture (R2.9, R5.4). */
  readonly drawn?: ChartInput;
  /** For people who want more than the words; cut to 1 KB afterwards. */
  readonly excerpt: string;
  /** The whole answer, for the evidence store. */
  readonly body: string;
  readonly mediaType: 'application/json' | 'text/plain';
}

/** Asks one question. Rejects with a sentence when it got no answer: that becomes a named gap. */
export interface Probe {
  readonly source: string;
  readonly ask: (ports: EvidencePorts, look: Look) => Promise<Observation>;
}

export type ProbeTable<N extends ProbeName> = Readonly<Record<N, Probe>>;

/** Lists in findings travel in the timeline, so they are bounded; the whole is in the evidence store. */
export const LIST_LIMIT = 20;

/** Series reach back this far before the problem (R5.4), so that a time of health is in them. */
export const BEFORE_MINUTES = 120;

/** A question that cannot be asked at all. */
export class NoAnswer extends Error {}

/** Nobody is there to be asked, neither now nor later. */
export class NotConfigured extends NoAnswer {}

export function required<T>(port: T | null, what: string): T {
  if (port === null) throw new NotConfigured(`${what} is not configured.`);
  return port;
}

/** Rejects with a sentence when it takes longer. */
export function withDeadline<T>(
  seconds: number,
  what: string,
  run: () => Promise<T>,
  deadlines: Deadlines = REAL_DEADLINES,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = deadlines.after(seconds * 1000, () => reject(new Error(`${what} within ${seconds} s.`)));
    Promise.resolve().then(run).then(resolve, reject).finally(giveUp);
  });
}

export function seriesFromAt({ request }: Look): Instant {
  return plusMinutes(request.aroundAt, -BEFORE_MINUTES);
}

export function jsonBody(value: unknown): Pick<Observation, 'body' | 'mediaType'> {
  return { body: JSON.stringify(value, null, 1), mediaType: 'application/json' };
}

export function firstOf<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, LIST_LIMIT);
}

/** `2024-10-23 14:15 UTC`. */
export function instantWords(at: Instant): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
