import type { CommunicationPolicy, TemplateName } from './communication-policy.ts';
import type { IncidentFacts } from './incident-facts.ts';
import type { Medium } from './timeline.ts';

/**
 * What of the policy's communication is needed to say something: the texts of the messages at hand, and where people
 * look. A whole `CommunicationPolicy` is one too; a publication round is given no more than it speaks with.
 */
export interface MessageTemplates {
  readonly templates: Readonly<Partial<Record<TemplateName, string>>>;
  readonly consoleUrl: string | null;
  readonly mailFrom: string;
  readonly statusPageComponents: CommunicationPolicy['statusPageComponents'];
}

/** A message by its medium and what it is; deliveries are ones. */
interface MessageKind {
  readonly medium: Medium | 'customers';
  readonly what: string;
}

const TEMPLATES_OF: Readonly<
  Partial<Record<MessageKind['medium'], Readonly<Record<string, readonly TemplateName[]>>>>
> = {
  chat: {
    initial: ['chatInitial'],
    update: ['chatUpdate'],
    'no-news': ['chatUpdate'],
    resolved: ['chatResolved'],
    summary: ['engineeringSummary'],
  },
  'status-page': {
    investigating: ['statusInvestigating'],
    identified: ['statusIdentified'],
    monitoring: ['statusMonitoring'],
    resolved: ['statusResolved'],
    'no-news': ['statusNoNews'],
  },
  mail: {
    opened: ['incidentMailSubject', 'incidentMail'],
    resolved: ['incidentMailSubject', 'incidentMail'],
    fallback: ['incidentMailSubject', 'chatUpdate'],
    escalation: ['escalationMailSubject', 'escalationMail'],
  },
  customers: {
    notification: ['customerMailSubject', 'customerMail'],
    correction: ['customerCorrectionSubject', 'customerCorrection'],
  },
  page: { trigger: ['pageSummary'], acknowledge: ['pageSummary'], resolve: ['pageSummary'] },
};

export function templatesOf(medium: MessageKind['medium'], what: string): readonly TemplateName[] {
  return TEMPLATES_OF[medium]?.[what] ?? [];
}

/** The texts of one round: histories are kept for years, so they carry only the texts that were spoken. */
export function messageTemplatesFor(
  communication: CommunicationPolicy,
  messages: readonly MessageKind[],
): MessageTemplates {
  const names = new Set(messages.flatMap(({ medium, what }) => templatesOf(medium, what)));
  const onPage = messages.some(({ medium }) => medium === 'status-page');
  return {
    templates: Object.fromEntries([...names].map((name) => [name, communication.templates[name]])),
    consoleUrl: communication.consoleUrl,
    mailFrom: communication.mailFrom,
    statusPageComponents: onPage ? communication.statusPageComponents : [],
  };
}

/** The facts of one round, without what no message of it shows: the evidence behind the cause, options nobody asks about. */
export function factsFor(
  facts: IncidentFacts,
  messages: readonly (MessageKind & { readonly detail?: string | null })[],
): IncidentFacts {
  const asks = (what: string): boolean => what === 'question' || what === 'reminder';
  const asked = new Set(messages.flatMap(({ what, detail }) => (asks(what) ? [detail ?? null] : [])));
  const linked = messages.some(
    ({ medium, what }) => medium === 'page' || (medium === 'chat' && templatesOf(medium, what).length > 0),
  );
  return {
    ...facts,
    cause: null,
    reasons: [],
    openQuestions: facts.openQuestions.map((question) =>
      asked.has(question.approvalId) ? question : { ...question, options: [] },
    ),
    remedies: facts.remedies.filter((remedy) => remedy.outcome === 'in progress'),
    links: linked ? facts.links : [],
  };
}
