export interface CommunicationPolicy {
  readonly incidentsChannel: string;
  readonly oncallChannel: string;
  readonly engineeringChannel: string;
  readonly channelPrefix: string;
  readonly remindBeforeMinutes: number;
  readonly statusPageUrl: string;
  readonly statusPageComponents: readonly {
    readonly id: string;
    readonly name: string;
    readonly services: readonly string[];
  }[];
  readonly documentsUrl: string;
  readonly incidentMail: readonly string[];
  readonly mailFrom: string;
  readonly consoleUrl: string | null;
  /** Status page posts that need nobody's yes although `publish-status` asks (R4.4); all others follow approvals. */
  readonly preApproved: readonly PreApprovedPost[];
  /** Which milestones are written as notes at the page of whoever was woken. */
  readonly pageNotes: readonly PageNote[];
  /** Where colleagues are told when chat has been away for so long; null: nowhere. */
  readonly fallback: { readonly afterMinutes: number; readonly mailTo: readonly string[] } | null;
  readonly templates: Readonly<Record<TemplateName, string>>;
}

/** Milestones that are written as notes at the page (R4). */
export const PAGE_NOTES = ['declared', 'cause-known', 'mitigated', 'resolved', 'reopened'] as const;
export type PageNote = (typeof PAGE_NOTES)[number];

export const PRE_APPROVABLE = ['investigating', 'identified', 'monitoring', 'resolved', 'no-news'] as const;
export type PreApprovedPost = (typeof PRE_APPROVABLE)[number];

/** Texts in Liquid; the values each may use are listed by `incident policy show templates`. */
export const TEMPLATE_NAMES = [
  'chatInitial',
  'chatUpdate',
  'chatResolved',
  'statusInvestigating',
  'statusIdentified',
  'statusMonitoring',
  'statusResolved',
  'statusNoNews',
  'escalationMailSubject',
  'escalationMail',
  'incidentMailSubject',
  'incidentMail',
  'engineeringSummary',
  'customerMailSubject',
  'customerMail',
  'customerCorrectionSubject',
  'customerCorrection',
  'pageSummary',
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];
