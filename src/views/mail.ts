import type { FactSet } from '../domain/fact-set.ts';
import type { CommunicationPolicy } from '../domain/policy.ts';
import { cleanLine, html } from './escape.ts';
import { fillTemplate, type TemplateExtras } from './templates.ts';

export type MailKind = 'opened' | 'escalation' | 'resolved';

export interface MailView {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Internal mail (R4.6): `detail` of an escalation says why it is sent, of the others it is not used. */
export function mailMessage(
  kind: MailKind,
  facts: FactSet,
  communication: CommunicationPolicy,
  detail: string | null,
): MailView {
  const { templates } = communication;
  const extras: TemplateExtras = { link: communication.consoleUrl, ...(detail === null ? {} : { because: detail }) };
  const asIs = (value: string) => value;
  const subject =
    kind === 'escalation'
      ? fillTemplate('escalationMailSubject', templates.escalationMailSubject, facts, extras, asIs)
      : fillTemplate('incidentMailSubject', templates.incidentMailSubject, facts, extras, asIs);
  const body =
    kind === 'escalation'
      ? fillTemplate('escalationMail', templates.escalationMail, facts, extras, asIs)
      : fillTemplate('incidentMail', templates.incidentMail, facts, extras, asIs);
  const text = kind === 'resolved' ? `${body}\n\n${resolvedWords(facts)}` : body;
  return { subject: cleanLine(subject, 200), text, html: htmlPage(subject, text) };
}

function resolvedWords(facts: FactSet): string {
  return [
    `Fix applied: ${cleanLine(facts.fix ?? 'not recorded')}`,
    `Verification: ${cleanLine(facts.verification ?? 'not recorded')}`,
    `Follow-up: ${cleanLine(facts.followUp ?? 'none planned')}`,
  ].join('\n');
}

/** The text part again, for readers of HTML: paragraphs and line breaks, nothing that loads or links. */
export function htmlPage(title: string, text: string): string {
  const paragraphs = text.split(/\n{2,}/u).map((paragraph) => `<p>${html(paragraph).replace(/\n/gu, '<br>')}</p>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${html(cleanLine(title, 200))}</title></head><body>${paragraphs.join('')}</body></html>`;
}
