import type { IncidentFacts } from '../domain/incident-facts.ts';
import { pageMark } from '../domain/incident-name.ts';
import type { Severity } from '../domain/severity.ts';
import { cleanLine, clip, webAddress } from './escape.ts';
import { plainText } from './mail.ts';
import { fillTemplate, type TemplateContext } from './templates.ts';

/** What somebody who is woken up reads first (R1.4). */
export interface PageView {
  readonly summary: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly details: Readonly<Record<string, string>>;
}

const PAGE_SEVERITY: Readonly<Record<Severity, PageView['severity']>> = {
  P0: 'critical',
  P1: 'error',
  P2: 'warning',
  P3: 'info',
};

/** The paging system takes summaries of at most this many characters. */
const SUMMARY_CHARACTERS = 1024;

/** `detail` says why this person is called, e.g. that nobody acknowledged within five minutes. */
export function pageView(facts: IncidentFacts, detail: string | null, context: TemplateContext): PageView {
  const { consoleUrl } = context.texts;
  const summary = fillTemplate('pageSummary', facts, {}, context, plainText);
  const mark = pageMark(facts.incidentId);
  const room = SUMMARY_CHARACTERS - mark.length - 1;
  const links = [...(consoleUrl === null ? [] : [{ title: 'Console', url: consoleUrl }]), ...facts.links];
  return {
    // Told apart by it from an alert of somebody else's when it comes back by webhook without its key.
    summary: `${clip(cleanLine(summary, room), room)} ${mark}`,
    severity: PAGE_SEVERITY[facts.severity],
    links: links.flatMap((link) => {
      const href = webAddress(link.url);
      return href === null ? [] : [{ href, text: cleanLine(link.title, 80) }];
    }),
    details: {
      incident: cleanLine(facts.name, 80),
      severity: facts.severity,
      issue: cleanLine(facts.issue),
      impact: cleanLine(facts.impact),
      why: cleanLine(detail ?? 'You are on call for this severity.'),
      next: 'Acknowledge this page, then follow the incident in its channel.',
    },
  };
}
