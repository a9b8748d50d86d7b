import { nextBusinessDayAt, nextWindow } from '../../domain/calendar.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { documentTimeline } from '../../domain/document-timeline.ts';
import { secondsBetween } from '../../domain/instant.ts';
import { documentAddress, postMortem, postMortemPath } from '../../views/post-mortem.ts';
import { mergePostMortem } from '../../views/post-mortem-merge.ts';
import { sha256 } from '../digest.ts';
import { failure } from '../failures.ts';
import type {
  FollowUpActivities,
  MeasureImpactInput,
  PlacePostMortemInput,
  PostMortemFigures,
  WritePostMortemInput,
  WrittenDocument,
} from './api.ts';
import { countComplaints } from './complaints.ts';
import type {
  ActionItemsPort,
  ComplaintsPort,
  CustomerMailsPort,
  DocumentsPort,
  MetricsPort,
  RunbookChangesPort,
  TextsPort,
  TimelineStorePort,
} from './ports.ts';
import { draftRunbookChange } from './runbook-draft.ts';

export interface FollowUpPorts {
  readonly documents: DocumentsPort;
  readonly metrics: MetricsPort;
  /** Empty: no support system is configured. */
  readonly complaints: readonly ComplaintsPort[];
  readonly store: TimelineStorePort;
  readonly actionItems: ActionItemsPort;
  readonly texts: TextsPort;
  readonly runbookChanges: RunbookChangesPort;
  readonly customerMails: CustomerMailsPort;
}

/** What is done once the incident is resolved (R6). Every activity may be retried: the second time changes nothing. */
export function createFollowUpActivities(ports: FollowUpPorts): FollowUpActivities {
  return {
    async planReview({ resolvedAt, review, team, holidays }) {
      return {
        meetingAt: nextBusinessDayAt({
          after: resolvedAt,
          at: review.meetingAt,
          timeZone: team.timeZone,
          holidays,
          days: team.workingHours.days,
        }),
      };
    },
    planWindow: async (question) => nextWindow(question),
    measureImpact: (input) => measureImpact(ports, input),
    writePostMortem: (input) => writePostMortem(ports, input),
    placePostMortem: (input) => placePostMortem(ports, input),
    draftRunbookChange: (input) => draftRunbookChange(ports, input),
    recordRunbookChange: (change) => ports.runbookChanges.keep(change),
    async recordTimeline(input) {
      const digest = input.events.reduce((chain, event) => sha256(chain + canonicalJson(event)), '');
      await ports.store.recordTimeline(input, digest);
      return { digest };
    },
    async openActionItems(input) {
      return { workflowId: await ports.actionItems.start(input) };
    },
  };
}

/** The window a policy's query of failed requests is asked for; it is filled in as whole seconds. */
const WINDOW = /\$(?:range|window)\b/gu;
const SERIES_POINTS = 120;
const SHORTEST_STEP_SECONDS = 15;
/** Documents of one day with one title, of different incidents. */
const LAST_SUFFIX = 9;

async function measureImpact(
  { metrics, complaints }: Pick<FollowUpPorts, 'metrics' | 'complaints'>,
  input: MeasureImpactInput,
): Promise<PostMortemFigures> {
  const windowSeconds = Math.max(1, Math.ceil(secondsBetween(input.fromAt, input.untilAt)));
  const { query, integrable } = integrated(input.failedRequestsQuery, windowSeconds);
  const formula = `${query} at ${input.untilAt}, from ${input.fromAt} (${windowSeconds} s)`;
  const failed = integrable ? await metrics.valueAt(query, input.untilAt) : null;
  const stepSeconds = Math.max(SHORTEST_STEP_SECONDS, Math.ceil(windowSeconds / SERIES_POINTS));
  const users = await metrics.valuesBetween(input.affectedUsersQuery, input.fromAt, input.untilAt, stepSeconds);
  return {
    failedRequests: finiteOrNull(failed),
    failedRequestsFormula: integrable
      ? formula
      : `${input.failedRequestsQuery} (no $range in it, so it cannot be added up over the incident)`,
    // The most users at one time: sums over time would count the same person again and again.
    affectedUsers: users.reduce<number | null>(
      (most, value) => (Number.isFinite(value) && (most === null || value > most) ? value : most),
      null,
    ),
    complaints: await countComplaints(complaints, input.fromAt, input.untilAt),
  };
}

/** `…[$range]…` gets the incident's length; a bare selector of a counter is wrapped in sum(increase(…)). */
function integrated(query: string, windowSeconds: number): { query: string; integrable: boolean } {
  const filled = query.replace(WINDOW, `${windowSeconds}s`);
  if (filled !== query) return { query: filled, integrable: true };
  const selector = /^[a-zA-Z_:][\w:]*(\{[^{}]*\})?$/u.test(query.trim());
  return selector
    ? { query: `sum(increase(${query.trim()}[${windowSeconds}s]))`, integrable: true }
    : { query, integrable: false };
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/**
 * The last line of the document says whose it is and what the machine wrote. It finds the same incident's document
 * again, keeps two incidents of one title apart, and shows whether people have edited the text since (R6.3).
 */
async function writePostMortem(
  { documents, texts, store, customerMails }: Pick<FollowUpPorts, 'documents' | 'texts' | 'store' | 'customerMails'>,
  input: WritePostMortemInput,
): Promise<WrittenDocument> {
  const timeline = documentTimeline(input.timeline ?? (await store.timeline(input.facts.incidentId)));
  const text = postMortem({
    facts: input.facts,
    timeline,
    figures: input.figures,
    items: input.items ?? [],
    ...(input.timeZone === undefined ? {} : { timeZone: input.timeZone }),
    customerMails: await customerMails.accounts(input.facts.incidentId),
  });
  const { path, existing } = await placeOf(documents, input);
  // What people began with must be found again when their edits are merged with newer facts.
  await texts.put(text.trimEnd());
  const edited = existing !== null && isEdited(existing);
  const body = edited ? await merged(texts, existing, text) : text;
  const whole = body === null ? (existing ?? '') : `${body}\n${markOf(input.facts.incidentId, text)}\n`;
  const written = whole === existing ? null : await documents.write(path, whole);
  return {
    location: documentAddress(input.communication.documentsUrl, path) ?? written?.location ?? path,
    path,
    digest: sha256(whole),
    sizeBytes: Buffer.byteLength(whole),
    ...(edited ? { editedByPeople: true } : {}),
  };
}

/** Null when what people began with is gone: then their text stays as it is, whole. */
async function merged(texts: TextsPort, existing: string, fresh: string): Promise<string | null> {
  const mark = markIn(existing);
  const base = mark === null ? null : await texts.get(mark.digest);
  if (mark === null || base === null) return null;
  return mergePostMortem({ base, edited: mark.text, fresh });
}

/** The mark of the machine's text goes with the document, also when people took its line out. */
async function placePostMortem(
  { documents, texts }: Pick<FollowUpPorts, 'documents' | 'texts'>,
  { incidentId, path, digest, documentsUrl }: PlacePostMortemInput,
): Promise<{ readonly location: string }> {
  const text = await texts.get(digest);
  if (text === null) throw failure('NotFound', `The text ${digest} of ${incidentId} is not in the evidence store.`);
  const existing = await documents.read(path);
  const mark = existing === null ? null : MARK.exec(existing)?.[0];
  const whole = MARK.test(text) || mark == null ? text : `${text.trimEnd()}\n${mark.trim()}\n`;
  const written = whole === existing ? null : await documents.write(path, whole);
  return { location: documentAddress(documentsUrl, path) ?? written?.location ?? path };
}

async function placeOf(
  documents: DocumentsPort,
  input: WritePostMortemInput,
): Promise<{ path: string; existing: string | null }> {
  for (let suffix = 1; suffix <= LAST_SUFFIX; suffix += 1) {
    const path = postMortemPath(input.facts, suffix);
    const existing = await documents.read(path);
    if (existing === null || markIn(existing)?.incidentId === input.facts.incidentId) return { path, existing };
  }
  throw failure(
    'Conflict',
    `There are already ${LAST_SUFFIX} other post-mortems at ${postMortemPath(input.facts, 1)}. Give the incident another title.`,
  );
}

function markOf(incidentId: string, text: string): string {
  return `<!-- incident-runbook ${incidentId} ${sha256(text.trimEnd())} -->`;
}

const MARK = /\n<!-- incident-runbook (\S+) ([0-9a-f]{64}) -->\s*$/u;

function markIn(
  document: string,
): { readonly incidentId: string; readonly digest: string; readonly text: string } | null {
  const match = MARK.exec(document);
  return match === null
    ? null
    : { incidentId: match[1] ?? '', digest: match[2] ?? '', text: document.slice(0, match.index) };
}

function isEdited(document: string): boolean {
  const mark = markIn(document);
  return mark !== null && sha256(mark.text.trimEnd()) !== mark.digest;
}
