import type { TemplateName } from '../domain/communication-policy.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { cleanLine, html } from './escape.ts';
import { fillTemplate, type TemplateContext, type TemplateExtras } from './templates.ts';

export type MailKind = 'opened' | 'escalation' | 'resolved' | 'fallback';

export interface MailView {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Internal mail (R4.6): `detail` of an escalation or a fallback says why it is sent, of the others it is not used. */
export function mailMessage(
  kind: MailKind,
  facts: IncidentFacts,
  detail: string | null,
  context: TemplateContext,
): MailView {
  const extras: TemplateExtras = detail === null ? {} : { because: detail };
  const fill = (name: TemplateName) => fillTemplate(name, facts, extras, context, plainText);
  const subject = fill(kind === 'escalation' ? 'escalationMailSubject' : 'incidentMailSubject');
  const text = mailText(kind, facts, detail, fill);
  return { subject: cleanLine(subject, 200), text, html: htmlPage(subject, text) };
}

function mailText(
  kind: MailKind,
  facts: IncidentFacts,
  detail: string | null,
  fill: (name: TemplateName) => string,
): string {
  switch (kind) {
    case 'opened':
      return fill('incidentMail');
    case 'resolved':
      return `${fill('incidentMail')}\n\n${resolvedWords(facts)}`;
    case 'escalation':
      return fill('escalationMail');
    case 'fallback':
      return `${cleanLine(detail ?? 'The usual channel does not answer.')} This is what would be said there:\n\n${fill('chatUpdate')}`;
  }
}

/** Mail and status page take plain text: what is put in needs no escape, the page's own side escapes it. */
export function plainText(text: string): string {
  return text;
}

function resolvedWords(facts: IncidentFacts): string {
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
