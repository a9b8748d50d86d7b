import type { FactSet } from '../domain/fact-set.ts';
import type { TemplateName } from '../domain/policy.ts';
import { PLACEHOLDERS, unknownPlaceholders } from '../domain/template-placeholders.ts';
import { cleanLine, cleanLines } from './escape.ts';
import { clockUtc, durationBetween, percent, secondsWords, statusWords, timeUtc } from './words.ts';

/** Placeholders that name a time of day: their value carries the zone, so a template may write ` UTC` or leave it. */
const TIMES: ReadonlySet<string> = new Set(['time', 'nextUpdate', 'expectedRecovery', 'detected']);

/** Words that only some messages have; everything else is made from the facts. */
export interface TemplateExtras {
  /** What a person wrote, or null for an honest text made from what happened. */
  readonly news?: string | null;
  readonly because?: string;
  readonly actionItems?: string;
  readonly learnings?: string;
  readonly report?: string;
  /** How the notified teams are written, e.g. with the mentions of the chat; already escaped. */
  readonly teamsEscaped?: string;
  readonly link?: string | null;
}

/**
 * A text of the policy with its placeholders filled. Values are cleaned and given to `escaped`; the template itself is
 * the team's own text. Throws when it uses a placeholder that this template does not know, naming those it does.
 */
export function fillTemplate(
  name: TemplateName,
  template: string,
  facts: FactSet,
  extras: TemplateExtras,
  escaped: (text: string) => string,
): string {
  const problem = checkTemplate(name, template);
  if (problem !== null) throw new Error(problem);
  const values = templateValues(facts, extras);
  // One pass only: a value that itself looks like `{fix}` stays as it is.
  return template
    .replace(/\{([A-Za-z][A-Za-z0-9]*)\}( UTC)?(?=(.?))/gu, (_match, key: string, zone = '', after = '') => {
      if (key === 'teams' && extras.teamsEscaped !== undefined) return extras.teamsEscaped;
      const value = escaped(values[key] ?? 'not recorded');
      if (TIMES.has(key)) return value;
      // A value that is a sentence of its own must not end the template's sentence in the middle.
      return `${zone + after === '' ? value : value.replace(/\.$/u, '')}${zone}`;
    })
    .trimEnd();
}

/** What is wrong with a template, listing the placeholders it may use; null when nothing is. */
export function checkTemplate(name: TemplateName, template: string): string | null {
  const unknown = unknownPlaceholders(name, template);
  if (unknown.length === 0) return null;
  const words = unknown.map((placeholder) => `{${placeholder}}`).join(', ');
  const allowed = PLACEHOLDERS[name].map((placeholder) => `{${placeholder}}`).join(', ');
  return `The text "${name}" uses ${words}, which it cannot fill. It may use ${allowed}.`;
}

/** What is new, for an update: a person's words, else what happened, else that nothing did; never empty (R4.2). */
export function newsWords(facts: FactSet, written: string | null): string {
  if (written !== null && written.trim() !== '') return cleanLines(written, 1500);
  if (facts.sinceLast.length > 0)
    return `Since the last message: ${facts.sinceLast.map((line) => cleanLine(line, 200)).join('; ')}.`;
  const since = facts.latestUpdateAt ?? facts.openedAt;
  return `No change since ${timeUtc(since, facts.at)}; ${inHand(facts)}`;
}

function inHand(facts: FactSet): string {
  const running = facts.remedies.find((remedy) => remedy.outcome === 'in progress');
  if (running !== undefined) return `${running.action} of ${cleanLine(running.target, 80)} is in progress.`;
  const question = facts.openQuestions[0];
  if (question !== undefined)
    return `waiting for ${cleanLine(question.approver, 60)} to decide about ${question.name}.`;
  return facts.status === 'monitoring' ? 'the recovery is being watched.' : 'the investigation goes on.';
}

function templateValues(facts: FactSet, extras: TemplateExtras): Readonly<Record<string, string>> {
  const end = facts.resolvedAt ?? facts.at;
  return {
    time: timeUtc(facts.at, facts.at),
    date: facts.at.slice(0, 10),
    severity: facts.severity,
    severityLabel: cleanLine(facts.severityLabel, 40),
    status: statusWords(facts.status),
    title: cleanLine(facts.title, 200),
    issue: cleanLine(facts.issue),
    impact: cleanLine(facts.impact),
    service: cleanLine(facts.service, 80),
    product: cleanLine(facts.product, 80),
    incident: cleanLine(facts.name, 80),
    channel: facts.channelName === null ? 'not opened yet' : `#${cleanLine(facts.channelName, 80).replace(/^#/u, '')}`,
    commander: cleanLine(facts.commander ?? 'nobody yet', 80),
    teams:
      facts.teamsNotified.length === 0
        ? 'nobody yet'
        : facts.teamsNotified.map((team) => cleanLine(team, 80)).join(', '),
    cause: cleanLine(facts.causeWords),
    mitigation: cleanLine(facts.mitigation),
    expectedRecovery: facts.expectedRecoveryAt === null ? 'not known yet' : timeUtc(facts.expectedRecoveryAt, facts.at),
    nextUpdate: facts.nextUpdateAt === null ? 'when there is news' : timeUtc(facts.nextUpdateAt, facts.at),
    news: newsWords(facts, extras.news ?? null),
    detected: `${clockUtc(facts.detectedAt, facts.at)} UTC`,
    duration: durationBetween(facts.detectedAt, end),
    fix: cleanLine(facts.fix ?? 'not recorded'),
    verification: cleanLine(facts.verification ?? 'not recorded'),
    followUp: cleanLine(facts.followUp ?? 'none planned'),
    errorRate: percent(facts.errorRatio),
    p95: secondsWords(facts.p95Seconds),
    link: cleanLine(extras.link ?? '', 300),
    because: cleanLine(extras.because ?? 'the runbook asks for it'),
    actionItems: cleanLine(extras.actionItems ?? 'not recorded'),
    learnings: cleanLines(extras.learnings ?? '- to be written at the review', 1500),
    report: cleanLine(extras.report ?? facts.postMortemUrl ?? 'not written yet', 300),
  };
}
