import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentsClient } from '../../../src/activities/documents/client.ts';
import type { FollowUpPorts } from '../../../src/activities/follow-up/activities.ts';
import { createFollowUpActivities } from '../../../src/activities/follow-up/activities.ts';
import type { RecordTimelineInput, WritePostMortemInput } from '../../../src/activities/follow-up/api.ts';
import type { TeamPolicy } from '../../../src/domain/policy.ts';
import type { ReviewPolicy } from '../../../src/domain/review-policy.ts';
import type { RunbookChange } from '../../../src/domain/runbook-change.ts';
import { COMMUNICATION, RESOLVED } from '../../views/facts.ts';
import { story } from '../../views/story.ts';

const DOCUMENT: WritePostMortemInput = {
  facts: RESOLVED,
  timeline: story(),
  communication: COMMUNICATION,
  figures: { failedRequests: 10, failedRequestsFormula: 'q', affectedUsers: 3 },
};
const REVIEW: ReviewPolicy = {
  inviteWithinHours: 24,
  meetingAt: '10:00',
  meetingMinutes: 60,
  attendees: [],
  agenda: [],
  reviewWithinHours: 48,
  runbooks: null,
};
const team = (timeZone: string): TeamPolicy => ({
  name: 't',
  product: 'p',
  timeZone,
  workingHours: { from: '09:00', to: '17:00', days: [1, 2, 3, 4, 5] },
});

let directory: string;
let asked: { query: string; at?: string; step?: number }[];
let recorded: { input: RecordTimelineInput; digest: string }[];
let failed: number | null;
let users: readonly number[];
let complaints: FollowUpPorts['complaints'];
let texts: Map<string, string>;
let kept: RunbookChange[];
let mails: Awaited<ReturnType<FollowUpPorts['customerMails']['accounts']>>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'follow-up-'));
  asked = [];
  recorded = [];
  failed = 15_750;
  texts = new Map();
  kept = [];
  mails = [];
  users = [10, 250, Number.NaN, 40];
  complaints = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function activities() {
  const ports: FollowUpPorts = {
    documents: createDocumentsClient({ directory }),
    metrics: {
      async valueAt(query, at) {
        asked.push({ query, at });
        return failed;
      },
      async valuesBetween(query, _from, _until, step) {
        asked.push({ query, step });
        return users;
      },
    },
    complaints,
    store: {
      recordTimeline: async (input, digest) => void recorded.push({ input, digest }),
      timeline: async () => recorded.flatMap(({ input }) => input.events),
    },
    texts: {
      put: async (text) => {
        const digest = createHash('sha256').update(text).digest('hex');
        texts.set(digest, text);
        return { digest };
      },
      get: async (digest) => texts.get(digest) ?? null,
    },
    customerMails: { accounts: async () => mails },
    runbookChanges: {
      keep: async (change) => void kept.push(change),
      get: async (incidentId) => kept.findLast((change) => change.incidentId === incidentId) ?? null,
    },
    actionItems: { start: async (input) => `action-items/${input.facts.incidentId}` },
  };
  return createFollowUpActivities(ports);
}

describe('planReview', () => {
  it.each([
    ['the next day', 'UTC', '2024-10-23T15:05:00.000Z', [], '2024-10-24T10:00:00.000Z'],
    ['Monday after a Friday', 'UTC', '2024-10-25T23:00:00.000Z', [], '2024-10-28T10:00:00.000Z'],
    ['past a holiday', 'UTC', '2024-10-25T12:00:00.000Z', ['2024-10-28'], '2024-10-29T10:00:00.000Z'],
    ['over the end of summer time', 'Europe/Berlin', '2024-10-25T12:00:00.000Z', [], '2024-10-28T09:00:00.000Z'],
    ['in summer time', 'Europe/Berlin', '2024-10-24T12:00:00.000Z', [], '2024-10-25T08:00:00.000Z'],
    [
      "by the team's day, not by UTC's",
      'America/Los_Angeles',
      '2024-10-24T02:00:00.000Z',
      [],
      '2024-10-24T17:00:00.000Z',
    ],
  ])('plans %s', async (_name, timeZone, resolvedAt, holidays, meetingAt) => {
    expect(await activities().planReview({ resolvedAt, review: REVIEW, team: team(timeZone), holidays })).toEqual({
      meetingAt,
    });
  });
});

describe('measureImpact', () => {
  const input = {
    incidentId: 'i',
    failedRequestsQuery: 'sum(increase(http_requests_total{status=~"5.."}[$range]))',
    affectedUsersQuery: 'users_affected',
    fromAt: '2024-10-23T14:30:00.000Z',
    untilAt: '2024-10-23T15:05:00.000Z',
  };

  it("adds up over the incident's own window and shows the formula", async () => {
    expect(await activities().measureImpact(input)).toEqual({
      failedRequests: 15_750,
      failedRequestsFormula:
        'sum(increase(http_requests_total{status=~"5.."}[2100s])) at 2024-10-23T15:05:00.000Z, from 2024-10-23T14:30:00.000Z (2100 s)',
      affectedUsers: 250,
      complaints: { status: 'not-applicable', why: 'no support system is configured' },
    });
    expect(asked).toEqual([
      { query: 'sum(increase(http_requests_total{status=~"5.."}[2100s]))', at: input.untilAt },
      { query: 'users_affected', step: 18 },
    ]);
  });

  it('wraps a bare counter', async () => {
    await activities().measureImpact({ ...input, failedRequestsQuery: 'http_requests_total{status="500"}' });
    expect(asked[0]?.query).toBe('sum(increase(http_requests_total{status="500"}[2100s]))');
  });

  it('answers null, never zero, when there is nothing to know', async () => {
    failed = Number.NaN;
    users = [];
    expect(await activities().measureImpact(input)).toMatchObject({ failedRequests: null, affectedUsers: null });
    asked = [];
    expect(await activities().measureImpact({ ...input, failedRequestsQuery: 'sum(rate(x[5m]))' })).toMatchObject({
      failedRequests: null,
      failedRequestsFormula: expect.stringContaining('no $range'),
    });
    expect(asked).toHaveLength(1);
  });
});

describe('writePostMortem', () => {
  const path = 'postmortems/2024-10-23-api-high-error-rate.md';

  it('writes from what was recorded when the timeline does not come with the call', async () => {
    await activities().recordTimeline({ incidentId: DOCUMENT.facts.incidentId, events: story(), facts: RESOLVED });
    const written = await activities().writePostMortem({ ...DOCUMENT, timeline: null });
    expect(written.digest).toBe((await activities().writePostMortem(DOCUMENT)).digest);
  });

  it('writes it once: the same incident finds its own document', async () => {
    const first = await activities().writePostMortem(DOCUMENT);
    expect(first).toMatchObject({
      path,
      location: 'https://docs.example.com/postmortems/2024-10-23-api-high-error-rate',
    });
    const text = await readFile(join(directory, path), 'utf8');
    expect(text).toMatch(/^# Post-Mortem: API High Error Rate Incident\n/u);
    expect(first.sizeBytes).toBe(Buffer.byteLength(text));
    expect(await activities().writePostMortem(DOCUMENT)).toEqual(first);
    const later = await activities().writePostMortem({
      ...DOCUMENT,
      figures: { ...DOCUMENT.figures, failedRequests: 11 },
    });
    expect(later.path).toBe(path);
    expect(later.digest).not.toBe(first.digest);
    expect(await readFile(join(directory, path), 'utf8')).toContain('Approximately 11');
  });

  it('tells whom the mail to customers reached, with what came back (R4.5)', async () => {
    await activities().writePostMortem(DOCUMENT);
    expect(await readFile(join(directory, path), 'utf8')).not.toContain('Customers Told');
    mails = [{ edition: 'resolved-0', waiting: 0, sent: 9988, refused: 3, bounced: 9 }];
    await activities().writePostMortem(DOCUMENT);
    expect(await readFile(join(directory, path), 'utf8')).toContain(
      '- **Customers Told**: 9,988 of 10,000 (recorded: mail resolved-0; 9 came back, 3 refused)',
    );
  });

  it('leaves another incident of the same title its document', async () => {
    await activities().writePostMortem({ ...DOCUMENT, facts: { ...RESOLVED, incidentId: 'incident-20241023-0800' } });
    expect((await activities().writePostMortem(DOCUMENT)).path).toBe('postmortems/2024-10-23-api-high-error-rate-2.md');
  });

  it('never overwrites what people edited', async () => {
    await activities().writePostMortem(DOCUMENT);
    const edited = (await readFile(join(directory, path), 'utf8'))
      .replace('_For people to write: the action items._', '')
      .replace('Lessons Learned', 'Lessons we learned');
    await writeFile(join(directory, path), edited);
    expect(
      await activities().writePostMortem({ ...DOCUMENT, figures: { ...DOCUMENT.figures, failedRequests: 99 } }),
    ).toMatchObject({ path, editedByPeople: true });
    const merged = await readFile(join(directory, path), 'utf8');
    expect(merged).toContain('## Lessons we learned');
    expect(merged).toContain('Approximately 99');
  });

  it('falls back to where the file is when documents have no address', async () => {
    const written = await activities().writePostMortem({
      ...DOCUMENT,
      communication: { ...COMMUNICATION, documentsUrl: '' },
    });
    expect(written.location).toBe(join(directory, path));
  });
});

describe('recordTimeline and openActionItems', () => {
  it('gives equal timelines equal digests and changed ones another', async () => {
    const events = story();
    const first = await activities().recordTimeline({ incidentId: 'i', events, facts: RESOLVED });
    const again = await activities().recordTimeline({
      incidentId: 'i',
      events: JSON.parse(JSON.stringify(events)),
      facts: RESOLVED,
    });
    const cut = await activities().recordTimeline({ incidentId: 'i', events: events.slice(1), facts: RESOLVED });
    expect(again).toEqual(first);
    expect(cut.digest).not.toBe(first.digest);
    expect(recorded[0]?.digest).toBe(first.digest);
  });

  it('starts the chase', async () => {
    const started = await activities().openActionItems({
      facts: RESOLVED,
      items: [],
      leases: [],
      communication: COMMUNICATION,
      at: RESOLVED.at,
      speed: 1,
      document: null,
    });
    expect(started).toEqual({ workflowId: 'action-items/incident-20241023-1430' });
  });
});

describe('a change of the runbook (R6.5)', () => {
  const asked = { facts: RESOLVED, postMortemUrl: 'https://docs.example.com/postmortems/x', onlyWithLessons: false };
  const put = async (text: string) => {
    const digest = createHash('sha256').update(text).digest('hex');
    texts.set(digest, text);
    return digest;
  };
  const LEARNED = '# Post-Mortem\n\n## Lessons Learned\n\nProfile queries before deploying.\n';
  const UNTOUCHED = '# Post-Mortem\n\n## Lessons Learned\n\n_For people to write: what the team learned._\n';

  it('is drafted from what was recorded and from the lessons that people wrote, the same again the same', async () => {
    await activities().recordTimeline({ incidentId: RESOLVED.incidentId, events: story(), facts: RESOLVED });
    const postMortemDigest = await put(LEARNED);
    const first = await activities().draftRunbookChange({ ...asked, postMortemDigest });
    const text = texts.get(first?.digest ?? '') ?? '';
    expect(text).toContain('### 2024-10-23: API High Error Rate');
    expect(text).toContain('Profile queries before deploying.');
    expect(text).toContain('- restart of noa-mcp: error rate 2%');
    expect(await activities().draftRunbookChange({ ...asked, postMortemDigest })).toEqual(first);
  });

  it('knows what was proposed of the same incident before it came back, and nothing of what was withheld', async () => {
    const postMortemDigest = await put(LEARNED);
    const change = {
      incidentId: RESOLVED.incidentId,
      file: 'docs/x.md',
      digest: 'before',
      by: 'machine',
      at: '2024-10-23T15:30:00.000Z',
      words: '',
      link: null,
    };
    await activities().recordRunbookChange({ ...change, stage: 'withheld' });
    expect(await activities().draftRunbookChange({ ...asked, postMortemDigest })).not.toHaveProperty('before');
    await activities().recordRunbookChange({ ...change, stage: 'proposed', link: 'https://git.example/1' });
    expect(await activities().draftRunbookChange({ ...asked, postMortemDigest })).toMatchObject({
      before: { digest: 'before', link: 'https://git.example/1' },
    });
  });

  it('waits for the lessons where policy says so', async () => {
    const postMortemDigest = await put(UNTOUCHED);
    expect(await activities().draftRunbookChange({ ...asked, postMortemDigest, onlyWithLessons: true })).toBeNull();
    expect(await activities().draftRunbookChange({ ...asked, postMortemDigest })).not.toBeNull();
    const written = { ...asked, postMortemDigest: await put(LEARNED), onlyWithLessons: true };
    expect(await activities().draftRunbookChange(written)).not.toBeNull();
  });

  it('is not drafted from a post-mortem that nobody has', async () => {
    await expect(activities().draftRunbookChange({ ...asked, postMortemDigest: 'gone' })).rejects.toThrow(
      /not in the evidence store/,
    );
  });
});
