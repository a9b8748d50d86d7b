import type { BuildFact, CommitFact } from '../../domain/evidence.ts';
import { earlierOf, epochMs, type Instant, isBefore, laterOf, plusMinutes } from '../../domain/instant.ts';
import type { ChangeSource } from './ports.ts';
import {
  count,
  firstOf,
  instantWords,
  jsonBody,
  type Look,
  NoAnswer,
  NotConfigured,
  type Probe,
  type ProbeTable,
  withDeadline,
} from './probe.ts';

type ChangeProbe = 'commits' | 'builds';

/** R2.12 and R5.3: `git log` over the window that the purpose asks for. */
const commits: Probe = {
  source: 'The code repository',
  async ask({ code }, look) {
    const window = windowOf(look);
    const { found, notes } = await askAll(code, look, 'No code repository');
    // Two sources may know the same repository.
    const all = [...new Map(found.map((one) => [one.sha, one])).values()].sort(newestFirst((one) => one.committedAt));
    return {
      command: `git log --oneline --since="${window.fromAt}" --until="${window.untilAt}"`,
      words: `${commitWords(all, window, look)}${notes}`,
      abnormal: all.some((one) => isBefore(one.committedAt, look.request.aroundAt)),
      excerpt: firstOf(all).map(commitLine).join('\n'),
      finding: { probe: 'commits', ...window, total: all.length, commits: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

/** R2.13: what GitHub Actions and Jenkins built and deployed. */
const builds: Probe = {
  source: 'CI',
  async ask({ builds: sources }, look) {
    const window = windowOf(look);
    const { found, notes } = await askAll(sources, look, 'No CI');
    const all = [...found].sort(newestFirst((one) => one.startedAt));
    return {
      command: sources.map((source) => source.command(window)).join('; '),
      words: `${buildWords(all, window)}${notes}`,
      abnormal: all.some((one) => one.result === 'failed'),
      excerpt: firstOf(all).map(buildLine).join('\n'),
      finding: { probe: 'builds', ...window, total: all.length, builds: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

export const CHANGE_PROBES: ProbeTable<ChangeProbe> = { commits, builds };

export interface Window {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

/**
 * Investigation: the last hours (R2.12). Root cause (R5.3): from four hours before to half an hour ago, counted so
 * that a long incident does not push its own cause out of the window, nor a short one.
 */
function windowOf({ request, evidence, resolution }: Look): Window {
  if (request.purpose !== 'root-cause' || resolution === undefined) {
    return { fromAt: plusMinutes(request.at, -60 * evidence.changesHours), untilAt: request.at };
  }
  const { commitsFromHoursBefore, commitsToMinutesBefore } = resolution;
  const untilAt = laterOf(plusMinutes(request.at, -commitsToMinutesBefore), request.aroundAt);
  return {
    fromAt: plusMinutes(earlierOf(request.at, request.aroundAt), -60 * commitsFromHoursBefore),
    untilAt: earlierOf(untilAt, request.at),
  };
}

/** Every source at once. One that does not answer is named beside the answers of the others; none is a gap. */
async function askAll<T>(
  sources: readonly ChangeSource<T>[],
  look: Look,
  none: string,
): Promise<{ readonly found: readonly T[]; readonly notes: string }> {
  if (sources.length === 0) throw new NotConfigured(`${none} is configured.`);
  const seconds = look.evidence.probeDeadlineSeconds * SHARE_OF_DEADLINE;
  const window = windowOf(look);
  const answers = await Promise.allSettled(
    sources.map((source) => withDeadline(seconds, `${source.name} did not answer`, () => source.between(window))),
  );
  const silent = answers.flatMap((answer) => (answer.status === 'rejected' ? [reasonOf(answer.reason)] : []));
  if (silent.length === sources.length) throw new NoAnswer(silent.join(' '));
  const read = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const more = read.some(({ complete }) => !complete) ? ' There were more than are read.' : '';
  return {
    found: read.flatMap(({ found }) => found),
    notes: `${more}${silent.length === 0 ? '' : ` Not told: ${silent.join(' ')}`}`,
  };
}

/** A source that hangs must not take the answers of the others with it when the probe's own deadline comes. */
const SHARE_OF_DEADLINE = 0.9;
const NAMED = 4;

function commitWords(all: readonly CommitFact[], window: Window, { request }: Look): string {
  const when = `between ${instantWords(window.fromAt)} and ${instantWords(window.untilAt)}`;
  if (all.length === 0) return `Nothing was committed ${when}.`;
  const before = all.filter((one) => isBefore(one.committedAt, request.aroundAt)).length;
  const named = all
    .slice(0, NAMED)
    .map(
      (one) => `${one.sha.slice(0, SHORT_SHA)} "${one.message}" by ${one.author} at ${instantWords(one.committedAt)}`,
    );
  const rest = all.length > NAMED ? `; and ${all.length - NAMED} more` : '';
  return `${count(all.length, 'commit')} ${when}, ${before} of them before the problem began: ${named.join('; ')}${rest}.`;
}

function buildWords(all: readonly BuildFact[], window: Window): string {
  const when = `between ${instantWords(window.fromAt)} and ${instantWords(window.untilAt)}`;
  if (all.length === 0) return `Nothing was built or deployed ${when}.`;
  const failed = all.filter((one) => one.result === 'failed');
  const running = all.filter((one) => one.result === 'running');
  const trouble =
    failed.length === 0 ? 'none failed' : `${failed.length} failed (${failed.slice(0, NAMED).map(nameOf).join(', ')})`;
  const newest = all.slice(0, NAMED).map((one) => `${nameOf(one)} ${one.result} at ${instantWords(one.startedAt)}`);
  return `${count(all.length, 'build')} ${when}, ${trouble}${running.length === 0 ? '' : `, ${running.length} still running`}. The newest: ${newest.join('; ')}.`;
}

const SHORT_SHA = 7;

function nameOf({ system, name, number }: BuildFact): string {
  return `${system} ${name} #${number}`;
}

function commitLine(one: CommitFact): string {
  return `${one.sha.slice(0, SHORT_SHA)} ${one.committedAt} ${one.author}: ${one.message}`;
}

function buildLine(one: BuildFact): string {
  return `${one.startedAt} ${nameOf(one)} ${one.result}${one.changes.length === 0 ? '' : `: ${one.changes.join('; ')}`}`;
}

function newestFirst<T>(atOf: (one: T) => Instant) {
  return (a: T, b: T) => epochMs(atOf(b)) - epochMs(atOf(a));
}

function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.endsWith('.') ? words : `${words}.`;
}
