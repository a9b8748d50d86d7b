import type { TemplateName } from '../domain/communication-policy.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Severity } from '../domain/severity.ts';
import type { PublicStatus } from '../domain/timeline.ts';
import { cleanLine, cleanLines } from './escape.ts';
import { plainText } from './mail.ts';
import { fillTemplate, type TemplateContext } from './templates.ts';

export type StatusKind = PublicStatus | 'no-news';

export type ComponentStatus = 'operational' | 'degraded_performance' | 'partial_outage' | 'major_outage';

/** One post for the public: no names, no internal links; the page escapes plain text itself (R4.4). */
export interface StatusPost {
  readonly title: string;
  readonly status: PublicStatus;
  readonly body: string;
  readonly impact: 'none' | 'minor' | 'major' | 'critical';
  readonly components: readonly { readonly id: string; readonly status: ComponentStatus }[];
}

const BODY_CHARACTERS = 3000;

const TEMPLATE_OF: Readonly<Record<StatusKind, TemplateName>> = {
  investigating: 'statusInvestigating',
  identified: 'statusIdentified',
  monitoring: 'statusMonitoring',
  resolved: 'statusResolved',
  'no-news': 'statusNoNews',
};

const IMPACT: Readonly<Record<Severity, StatusPost['impact']>> = {
  P0: 'critical',
  P1: 'major',
  P2: 'minor',
  P3: 'none',
};

const OUTAGE: Readonly<Record<Severity, ComponentStatus>> = {
  P0: 'major_outage',
  P1: 'partial_outage',
  P2: 'degraded_performance',
  P3: 'operational',
};

/** `detail` is the text a person approved, and is then the whole body; without it the policy's template speaks. `shown` is the state a post without news stays at. */
export function statusPost(
  kind: StatusKind,
  facts: IncidentFacts,
  detail: string | null,
  context: TemplateContext,
  shown: PublicStatus = facts.status,
): StatusPost {
  const status = kind === 'no-news' ? shown : kind;
  const name = TEMPLATE_OF[kind];
  const body = detail ?? fillTemplate(name, facts, {}, context, plainText);
  return {
    title: cleanLine(facts.title, 120),
    status,
    body: cleanLines(body, BODY_CHARACTERS),
    impact: IMPACT[facts.severity],
    components: affected(facts, context).map((component) => ({
      id: component.id,
      status: status === 'resolved' ? 'operational' : OUTAGE[facts.severity],
    })),
  };
}

function affected(facts: IncidentFacts, { texts }: TemplateContext) {
  return texts.statusPageComponents.filter((component) => component.services.includes(facts.service));
}
