import type pg from 'pg';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database } from './database.ts';
import { INCIDENT_COLUMNS, type IncidentEntry } from './incidents.ts';
import { applyLifecycle, writeProjection } from './lifecycle.ts';

export interface ProjectedIncident {
  readonly incident: IncidentEntry;
  /** Null until the incident has shown anything. */
  readonly facts: IncidentFacts | null;
}

export interface ProjectedFacts {
  readonly facts: IncidentFacts;
  /** Of the newest event that the facts know; fewer events stored than that means a gap. */
  readonly lastSeq: number;
  readonly storedEvents: number;
}

/** What lists and pages read. The incident shows its events here; what got lost on the way is filled by readers. */
export interface Projection {
  /** Any order, any number of times. */
  append(incidentId: string, events: readonly TimelineEvent[], facts: IncidentFacts): Promise<void>;
  /** Fills a gap without touching the facts. */
  fill(incidentId: string, events: readonly TimelineEvent[]): Promise<void>;
  facts(incidentId: string): Promise<ProjectedFacts | null>;
  /** Events after `seq`, in order, at most `limit`; there may be gaps. */
  timelineSince(incidentId: string, seq: number, limit: number): Promise<readonly TimelineEvent[]>;
  /** Newest first. `open` is everything that is not closed. */
  list(filter: { readonly state: 'open' | 'all'; readonly limit: number }): Promise<readonly ProjectedIncident[]>;
  /** Calls `changed` with the incident's id after each change by any process; call the answer to stop. */
  listen(changed: (incidentId: string) => void): () => void;
  stopListening(): Promise<void>;
}

const CHANNEL = 'incident_changed';
const LISTEN_AGAIN_MS = 1_000;

export function createProjection(database: Database): Projection {
  const listener = createListener(database);
  const changed = (incidentId: string) => ({ sql: 'SELECT pg_notify($1, $2)', values: [CHANNEL, incidentId] });
  return {
    append: (incidentId, events, facts) =>
      database.transaction(async (queries) => {
        const lastSeq = events.reduce((highest, event) => Math.max(highest, event.seq), 0);
        // A worker killed before its step was accepted may have shown events that never came to be: what comes later replaces them.
        await writeProjection(
          queries,
          incidentId,
          wellFormedJson(events),
          lastSeq,
          wellFormedJson(facts),
          facts.at,
          true,
        );
        await applyLifecycle(queries, incidentId, events);
        const { sql, values } = changed(incidentId);
        await queries.rows(sql, values);
      }),
    fill: (incidentId, events) =>
      database.transaction(async (queries) => {
        await queries.rows(
          `INSERT INTO timeline_event (incident_id, seq, at, kind, event)
           SELECT $1, (e ->> 'seq')::integer, (e ->> 'at')::timestamptz, e ->> 'kind', e FROM jsonb_array_elements($2::jsonb) AS e
           ON CONFLICT (incident_id, seq) DO NOTHING`,
          [incidentId, wellFormedJson(events)],
        );
        await applyLifecycle(queries, incidentId, events);
      }),
    async facts(incidentId) {
      const [found] = await database.rows<{ facts: IncidentFacts; lastSeq: number; storedEvents: number }>(
        `SELECT facts, last_seq AS "lastSeq",
           (SELECT count(*) FROM timeline_event e WHERE e.incident_id = f.incident_id) AS "storedEvents"
         FROM incident_facts f WHERE incident_id = $1`,
        [incidentId],
      );
      return found ?? null;
    },
    async timelineSince(incidentId, seq, limit) {
      const found = await database.rows<{ event: TimelineEvent }>(
        'SELECT event FROM timeline_event WHERE incident_id = $1 AND seq > $2 ORDER BY seq LIMIT $3',
        [incidentId, seq, limit],
      );
      return found.map((row) => row.event);
    },
    async list({ state, limit }) {
      const found = await database.rows<IncidentEntry & { facts: IncidentFacts | null }>(
        `SELECT ${INCIDENT_COLUMNS}, facts FROM incident LEFT JOIN incident_facts ON incident_id = id
         WHERE $1 = 'all' OR status <> 'closed' ORDER BY opened_at DESC, id DESC LIMIT $2`,
        [state, limit],
      );
      return found.map(({ facts, ...incident }) => ({ incident, facts }));
    },
    listen: listener.listen,
    stopListening: listener.stop,
  };
}

/** One connection listens for all readers of this process and comes back when it breaks. */
function createListener(database: Database): Pick<Projection, 'listen'> & { stop(): Promise<void> } {
  const readers = new Set<(incidentId: string) => void>();
  let client: pg.Client | null = null;
  let connecting = false;
  let stopped = false;
  let again: NodeJS.Timeout | null = null;

  const lost = (): void => {
    client = null;
    if (stopped || readers.size === 0) return;
    again = setTimeout(() => void connect(), LISTEN_AGAIN_MS);
  };
  const connect = async (): Promise<void> => {
    if (client !== null || connecting || stopped) return;
    connecting = true;
    try {
      const opened: pg.Client = await database.ownConnection();
      opened.on('error', () => {});
      opened.on('end', lost);
      opened.on('notification', ({ payload }) => {
        for (const reader of readers) reader(payload ?? '');
      });
      await opened.query(`LISTEN ${CHANNEL}`);
      client = opened;
      if (stopped) await opened.end();
    } catch {
      lost();
    } finally {
      connecting = false;
    }
  };

  return {
    listen(changed) {
      readers.add(changed);
      void connect();
      return () => void readers.delete(changed);
    },
    async stop() {
      stopped = true;
      readers.clear();
      if (again !== null) clearTimeout(again);
      await client?.end().catch(() => {});
      client = null;
    },
  };
}
