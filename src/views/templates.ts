import type { TemplateName } from '../domain/communication-policy.ts';
import { draftWords, saidByPerson } from '../domain/draft.ts';
import { percent, secondsWords } from '../domain/format.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { MessageTemplates } from '../domain/message-templates.ts';
import { PLACEHOLDERS } from '../domain/template-placeholders.ts';
import { cleanLine, cleanLines } from './escape.ts';
import { clockUtc, durationBetween, statusWords, timeUtc } from './words.ts';

/** A value that is written in the way of its medium already, such as a mention; as text it is only named. */
export interface Written {
  readonly text: string;
  readonly escaped: string;
}

export type TemplateValues = Readonly<Record<string, string | Written>>;

/**
 * Fills a text of the policy. Views are given one, because they import no package (config/liquid.ts has the real one):
 * they say what the values are and how their medium escapes what is put in; the text itself is the team's own.
 */
export type TextRenderer = (template: string, values: TemplateValues, escaped: (text: string) => string) => string;

/** What every view needs to speak: the texts of the policy, and what fills them. */
export interface TemplateContext {
  readonly texts: MessageTemplates;
  readonly render: TextRenderer;
}

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
  /** More values, for texts that have some of their own (customer mail). */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * A text of the policy with its values, cleaned and escaped. Throws when the text uses what it does not have, or asks
 * for more than its limits; a policy that has such a text is refused when it is read.
 */
export function fillTemplate(
  name: TemplateName,
  facts: IncidentFacts,
  extras: TemplateExtras,
  context: TemplateContext,
  escaped: (text: string) => string,
): string {
  const template = context.texts.templates[name];
  if (template === undefined) throw new Error(`The text "${name}" was not given to whoever is to say it.`);
  const all = templateValues(facts, extras, context.texts.consoleUrl);
  const values = Object.fromEntries(PLACEHOLDERS[name].map((key) => [key, all[key] ?? 'not recorded']));
  return context.render(template, values, escaped).trimEnd();
}

/** What is new, for an update: a person's words, else what happened, else that nothing did; never empty (R4.2). */
export function newsWords(facts: IncidentFacts, written: string | null): string {
  return cleanLines(saidByPerson(written) ?? draftWords(facts), 1500);
}

function templateValues(facts: IncidentFacts, extras: TemplateExtras, consoleUrl: string | null): TemplateValues {
  const end = facts.resolvedAt ?? facts.at;
  const teams =
    facts.teamsNotified.length === 0 ? 'nobody yet' : facts.teamsNotified.map((team) => cleanLine(team, 80)).join(', ');
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
    teams: extras.teamsEscaped === undefined ? teams : { text: teams, escaped: extras.teamsEscaped },
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
    link: cleanLine(consoleUrl ?? '', 300),
    because: cleanLine(extras.because ?? 'the runbook asks for it'),
    actionItems: cleanLine(extras.actionItems ?? 'not recorded'),
    learnings: cleanLines(extras.learnings ?? '- to be written at the review', 1500),
    report: cleanLine(extras.report ?? facts.postMortemUrl ?? 'not written yet', 300),
    ...extras.more,
  };
}
