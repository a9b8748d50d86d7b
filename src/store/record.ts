import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { EventOf, TimelineEvent } from '../domain/timeline.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database, Queries } from './database.ts';
import { applyLifecycle, writeProjection } from './lifecycle.ts';

export interface ClosedIncident {
  readonly incidentId: string;
  readonly facts: IncidentFacts;
  readonly closedAs: EventOf<'closed'>['as'];
  readonly closedAt: Instant;
  readonly lastSeq: number;
  /** Head of the digest chain over the whole timeline. */
  readonly digest: string;
}

/** The authoritative copy of timelines, chained by digest so that a change afterwards shows. */
export interface IncidentRecord {
  /**
   * Stores a stretch of the timeline (gap-free, in order) and answers the chain's digest. The same stretch again
   * answers the same digest. A stretch that ends with `closed` completes the record of the incident.
   */
  recordTimeline(stretch: {
    readonly incidentId: string;
    readonly events: readonly TimelineEvent[];
    readonly facts: IncidentFacts;
  }): Promise<{ readonly digest: string }>;
  closed(incidentId: string): Promise<ClosedIncident | null>;
  /** Closed incidents whose engine history is not kept yet, the oldest first. */
  withoutHistory(limit: number): Promise<readonly string[]>;
  keepHistory(incidentId: string, digest: string): Promise<void>;
  /** Null while it is not kept. */
  historyDigest(incidentId: string): Promise<string | null>;
  /** Whether the stored events still give the recorded digests. */
  verify(incidentId: string): Promise<{ readonly intact: boolean; readonly words: string }>;
}

interface Segment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly digest: string;
  readonly previousDigest: string | null;
}

const SEGMENT_COLUMNS = 'first_seq AS "firstSeq", last_seq AS "lastSeq", digest, previous_digest AS "previousDigest"';

export function createRecord(database: Database): IncidentRecord {
  return {
    recordTimeline: ({ incidentId, events, facts }) =>
      database.transaction(async (queries) => {
        const stored = JSON.parse(wellFormedJson(events)) as TimelineEvent[];
        const lastSeq = stored.at(-1)?.seq ?? 0;
        const factsText = wellFormedJson(facts);
        await writeProjection(queries, incidentId, JSON.stringify(stored), lastSeq, factsText, facts.at, true);
        await applyLifecycle(queries, incidentId, stored);
        const digest = await chain(queries, incidentId, stored, facts.at);
        const end = stored.findLast((event): event is EventOf<'closed'> => event.kind === 'closed');
        if (end !== undefined) await close(queries, incidentId, factsText, end, lastSeq, digest);
        await queries.rows(`SELECT pg_notify('incident_changed', $1)`, [incidentId]);
        return { digest };
      }),
    async closed(incidentId) {
      const [found] = await database.rows<ClosedIncident>(
        `SELECT incident_id AS "incidentId", facts, closed_as AS "closedAs", closed_at AS "closedAt",
           last_seq AS "lastSeq", digest FROM closed_incident WHERE incident_id = $1`,
        [incidentId],
      );
      return found ?? null;
    },
    async withoutHistory(limit) {
      const found = await database.rows<{ id: string }>(
        `SELECT incident_id AS id FROM closed_incident WHERE history_digest IS NULL ORDER BY closed_at LIMIT $1`,
        [limit],
      );
      return found.map(({ id }) => id);
    },
    async keepHistory(incidentId, digest) {
      await database.rows('UPDATE closed_incident SET history_digest = $2 WHERE incident_id = $1', [
        incidentId,
        digest,
      ]);
    },
    async historyDigest(incidentId) {
      const [found] = await database.rows<{ digest: string | null }>(
        'SELECT history_digest AS digest FROM closed_incident WHERE incident_id = $1',
        [incidentId],
      );
      return found?.digest ?? null;
    },
    verify: (incidentId) => verifyChain(database, incidentId),
  };
}

async function chain(
  { rows }: Queries,
  incidentId: string,
  events: readonly TimelineEvent[],
  at: Instant,
): Promise<string> {
  const firstSeq = events[0]?.seq ?? 0;
  const [previous] = await rows<Segment>(
    `SELECT ${SEGMENT_COLUMNS} FROM timeline_segment WHERE incident_id = $1 AND first_seq < $2 ORDER BY first_seq DESC LIMIT 1`,
    [incidentId, firstSeq],
  );
  const previousDigest = previous?.digest ?? null;
  if (events.length === 0) return previousDigest ?? digestOf(null, []);
  const digest = digestOf(previousDigest, events);
  await rows(
    `INSERT INTO timeline_segment (incident_id, first_seq, last_seq, digest, previous_digest, recorded_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (incident_id, first_seq) DO UPDATE SET last_seq = excluded.last_seq, digest = excluded.digest
     WHERE timeline_segment.last_seq <= excluded.last_seq`,
    [incidentId, firstSeq, events.at(-1)?.seq ?? 0, digest, previousDigest, at],
  );
  return digest;
}

async function close(
  { rows }: Queries,
  incidentId: string,
  facts: string,
  end: EventOf<'closed'>,
  lastSeq: number,
  digest: string,
): Promise<void> {
  await rows(
    `INSERT INTO closed_incident (incident_id, facts, closed_as, closed_at, last_seq, digest)
     VALUES ($1, $2::jsonb, $3, $4, $5, $6)
     ON CONFLICT (incident_id) DO UPDATE
       SET facts = excluded.facts, closed_as = excluded.closed_as, closed_at = excluded.closed_at,
           last_seq = excluded.last_seq, digest = excluded.digest`,
    [incidentId, facts, end.as, end.at, lastSeq, digest],
  );
}

async function verifyChain({ rows }: Database, incidentId: string): Promise<{ intact: boolean; words: string }> {
  const segments = await rows<Segment>(
    `SELECT ${SEGMENT_COLUMNS} FROM timeline_segment WHERE incident_id = $1 ORDER BY first_seq`,
    [incidentId],
  );
  let previousDigest: string | null = null;
  for (const segment of segments) {
    const events = await rows<{ event: TimelineEvent }>(
      'SELECT event FROM timeline_event WHERE incident_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq',
      [incidentId, segment.firstSeq, segment.lastSeq],
    );
    const now = digestOf(
      previousDigest,
      events.map(({ event }) => event),
    );
    if (segment.previousDigest !== previousDigest || now !== segment.digest) {
      return {
        intact: false,
        words: `Events ${segment.firstSeq} to ${segment.lastSeq} differ from what was recorded.`,
      };
    }
    previousDigest = segment.digest;
  }
  return { intact: true, words: `${segments.length} stretches match their digests.` };
}

function digestOf(previousDigest: string | null, events: readonly TimelineEvent[]): string {
  return createHash('sha256').update(canonicalJson({ previousDigest, events })).digest('hex');
}
