import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncidentEntry, LiveIncidents, Me, SharedReading } from '../../src/console/reading.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { event, FACTS } from '../views/facts.ts';
import { story } from '../views/story.ts';

export const ID = 'incident-20241023-1430';
export const NOW = '2024-10-23T14:50:00.000Z';
export const QUESTION: IncidentFacts['openQuestions'][number] = {
  approvalId: 'a1',
  name: 'rollback',
  why: 'a deploy',
  options: [{ name: 'rollback', preview: 'Rolls back to 3.', command: null }],
  approver: 'approver',
  mode: 'ask',
  deadlineAt: '2024-10-23T15:00:00.000Z',
};
export const INCIDENT: IncidentEntry = {
  id: ID,
  title: 'API High Error Rate',
  service: 'api',
  status: 'open',
  openedAt: FACTS.openedAt,
  detectedAt: FACTS.detectedAt,
  closedAs: null,
  mergedInto: null,
  previousIncidentId: null,
};
/** How the tests' consoles are mounted, beside what each test is about. */
export const CONSOLE = {
  sessionSecrets: ['a-secret-that-seals-sessions'],
  secureCookies: false,
  clock: () => NOW,
  speed: 1,
  product: () => 'NOA Server',
  people: () => [],
  historyUrl: () => null,
} as const;
export const OPENED = story().filter(({ kind }) => kind !== 'closed');

export type PretendGateway = ReturnType<typeof pretendGateway>;

/** The gateway's side of it: whoever has a token is known, and the incident is what the test says it is. */
export function pretendGateway() {
  const followers = new Set<(reading: SharedReading) => void>();
  const people = new Map<string, Me>([
    ['of-jane', { id: 'jane', name: 'Jane', roles: ['commander', 'approver'] }],
    ['of-vic', { id: 'vic', name: 'Vic', roles: ['viewer'] }],
  ]);
  const decided: unknown[] = [];
  let last: SharedReading | null = null;
  const live: LiveIncidents = {
    who: async (token) => people.get(token) ?? null,
    isKnown: async (id) => id === ID,
    follow(_id, changed) {
      followers.add(changed);
      if (last !== null) changed(last);
      return () => void followers.delete(changed);
    },
  };
  return {
    live,
    people,
    followers,
    /** The parts of the gateway's API that an incident's page is built of. */
    serve(app: FastifyInstance): void {
      const asked = (request: FastifyRequest) =>
        people.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
      app.get(
        '/api/me',
        async (request, reply) => asked(request) ?? reply.code(401).send({ error: 'Nobody’s token.' }),
      );
      app.get('/api/incidents/:id', async () => ({ incident: INCIDENT, facts: last?.facts ?? null, notes: [] }));
      app.get('/api/incidents/:id/timeline', async () => last?.timeline ?? { events: [], complete: false });
      app.post('/api/incidents/:id/decisions', async (request) => {
        decided.push(request.body);
        return { effect: 'Taken.' };
      });
    },
    decided,
    show(notes: readonly string[], facts: Partial<IncidentFacts> | null = {}): void {
      const written = notes.map((text) => event('14:49', { kind: 'noted', text }, 'bob'));
      const events = [...OPENED, ...written].map((one, index): TimelineEvent => ({ ...one, seq: index + 1 }));
      last = {
        incident: INCIDENT,
        facts: facts === null ? null : { ...FACTS, ...facts },
        timeline: { events, complete: true },
        gapFree: events.length,
        aside: { notes: [], mails: null },
      };
      for (const changed of followers) changed(last);
    },
  };
}
