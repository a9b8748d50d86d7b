import type { DrillRun } from '../play-drill.ts';
import { failedShare, ofOtherServices } from './evidence.ts';

/** Something that went out, as the system that took it has it. */
interface Publication {
  readonly where: string;
  readonly atMs: number;
  readonly text: string;
  /** Says that it is over. */
  readonly wellAgain: boolean;
  /** Where it stands and what it is called: an incident's own channel or mail bears its name. */
  readonly about: string;
}

const STILL_FAILING = 0.05;
const LOOK_BACK_MS = 60_000;
/** A figure differs from the world by more than this (drills.md). */
const MOST_APART = 0.05;
const MINUTE_MS = 60_000;
/** Figures are rates over so many minutes, measured at some instant of the scrapes before they were published. */
const RATES_OVER_MINUTES = [1, 5];
const SCRAPE_MS = 15_000;
/** A customer's mail names the minutes between which requests failed. */
const WINDOW = /from (\d\d):(\d\d) to (\d\d):(\d\d) UTC/;
const SHARE = /(\d+(?:\.\d+)?) ?% of (?:the |API )*requests fail(ed)?\b/g;

/** What chat, the status page and mails said while the world says otherwise: that it is over, and how much failed. */
export function contradicted(drillRun: DrillRun): readonly string[] {
  const elsewhere = ofOtherServices(drillRun);
  return publicationsOf(drillRun).flatMap((one) => [
    ...(one.wellAgain && !elsewhere.some((id) => one.about === id || one.about.includes(`(${id})`))
      ? notWell(drillRun, one)
      : []),
    ...wrongShares(drillRun, one),
  ]);
}

function publicationsOf({ environment }: DrillRun): readonly Publication[] {
  const { statusPage, slack, smtp } = environment.production;
  return [
    ...statusPage.ledger.map(({ atMs, status, body, components }) => ({
      where: 'the status page',
      atMs,
      text: body ?? '',
      wellAgain: status === 'resolved' || isOperational(Object.values(components ?? {})),
      about: '',
    })),
    ...slack.ledger
      .filter(({ method }) => method === 'chat.postMessage')
      .map(({ atMs, text, channel }) => ({
        where: 'Slack',
        atMs,
        text,
        wellAgain: text.includes('[RESOLVED'),
        about: channel ?? '',
      })),
    ...smtp.mails
      .filter(({ ics }) => ics === null)
      .map(({ atMs, subject, text }) => ({
        where: `the mail "${subject}"`,
        atMs,
        text,
        wellAgain: /^\[P\d\] Resolved: /.test(subject),
        about: subject,
      })),
  ];
}

function isOperational(components: readonly string[]): boolean {
  return components.length > 0 && components.every((state) => state === 'operational');
}

function notWell(drillRun: DrillRun, { where, atMs }: Publication): readonly string[] {
  const share = failedShare(drillRun, atMs - LOOK_BACK_MS, atMs);
  return share <= STILL_FAILING
    ? []
    : [`${where} said resolved at ${iso(atMs)} while ${percent(share)} of requests failed`];
}

function wrongShares(drillRun: DrillRun, { where, atMs, text }: Publication): readonly string[] {
  return [...text.matchAll(SHARE)].flatMap(([words, number, past]) => {
    const share = Number(number) / 100;
    const seen = past === undefined ? sharesSeen(drillRun, atMs) : sharesBetween(drillRun, atMs, text);
    if (seen.length === 0 || seen.some((one) => Math.abs(one - share) <= MOST_APART)) return [];
    return [`${where} said "${words}" at ${iso(atMs)}; in the world it was ${percent(Math.max(...seen))}`];
  });
}

/** What a measurement could have found at any time so far: whoever publishes may be late, but not invent. */
function sharesSeen(drillRun: DrillRun, atMs: number): readonly number[] {
  const seen: number[] = [];
  for (let endMs = drillRun.drill.startAtMs; endMs <= atMs; endMs += SCRAPE_MS)
    for (const minutes of RATES_OVER_MINUTES) seen.push(failedShare(drillRun, endMs - minutes * MINUTE_MS, endMs));
  return seen;
}

/** What failed between the minutes that the text itself names; a minute at either end is a matter of rounding. */
function sharesBetween(drillRun: DrillRun, atMs: number, text: string): readonly number[] {
  const [, ...clock] = WINDOW.exec(text) ?? [];
  if (clock.length === 0) return [];
  const [fromHour = 0, fromMinute = 0, untilHour = 0, untilMinute = 0] = clock.map(Number);
  const untilMs = latestBefore(atMs, untilHour, untilMinute);
  const fromMs = latestBefore(untilMs, fromHour, fromMinute);
  return [-1, 0, 1].flatMap((first) =>
    [-1, 0, 1].map((last) => failedShare(drillRun, fromMs + first * MINUTE_MS, untilMs + last * MINUTE_MS)),
  );
}

/** The last time before that instant at which a clock of UTC showed so. */
function latestBefore(ms: number, hour: number, minute: number): number {
  const day = new Date(ms);
  const shown = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour, minute);
  return shown <= ms ? shown : shown - 24 * 60 * MINUTE_MS;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
