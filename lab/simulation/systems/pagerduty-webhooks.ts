import { createHmac } from 'node:crypto';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { incidentJson, iso, type PagerDutyIncident, setStatus, userReference } from './pagerduty-incidents.ts';
import type { PeopleSettings, Person } from './people.ts';
import { type DeliveryAnswer, deliver } from './signed-delivery.ts';

/** What somebody does in PagerDuty, or what it does by itself (`agentEmail` null), and the webhook that tells of it. */
export interface WebhookRequest {
  readonly type:
    | 'incident.triggered'
    | 'incident.acknowledged'
    | 'incident.unacknowledged'
    | 'incident.resolved'
    | 'incident.reopened'
    | 'incident.reassigned'
    | 'incident.escalated'
    | 'incident.delegated'
    | 'incident.annotated'
    | 'incident.priority_updated'
    | 'pagey.ping';
  readonly incidentId: string;
  readonly agentEmail: string | null;
  readonly url: string;
  /** Several while the secret changes hands: one signature each. */
  readonly secret: string | readonly string[];
  /** Of a note. */
  readonly note?: string;
  /** Of a reassignment or an escalation: whom it reaches now, by address. */
  readonly to?: string;
  /** Of a changed priority. */
  readonly priority?: string;
}

interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly dueAtMs: number;
}

export interface PagerDutyWebhooks {
  /** Does it, and tells of it; a delivery that a fault holds back is answered with a status of null. */
  send(options: WebhookRequest, incident: PagerDutyIncident | undefined, atMs: number): Promise<DeliveryAnswer>;
  nextDueAtMs(): number | null;
  /** Sends the oldest that was held back until now: whether it was answered; null when there is none. */
  sendNext(atMs: number): Promise<boolean | null>;
}

/** What overtakes a reordered delivery comes within this. */
const OVERTAKEN_WITHIN_MS = 60_000;

/** Webhooks of version 3: signed with HMAC-SHA256 over the body, one signature for each secret. */
export function createPagerDutyWebhooks(wires: {
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly people: PeopleSettings;
  readonly makesAlerts: boolean;
}): PagerDutyWebhooks {
  const { people } = wires.people;
  const held: Outgoing[] = [];
  let count = 0;
  const personOf = (email: string | null | undefined): Person | null =>
    people.find((one) => one.email === email) ?? null;

  return {
    async send(options, incident, atMs) {
      const agent = personOf(options.agentEmail);
      if (incident !== undefined) happen(options, incident, atMs, agent, personOf(options.to));
      count += 1;
      const id = `01SIM${String(count).padStart(8, '0')}`;
      const event = {
        id,
        event_type: options.type,
        resource_type: options.type === 'pagey.ping' ? 'pagey' : 'incident',
        occurred_at: iso(atMs),
        agent: agent === null ? null : userReference(agent),
        client: null,
        data: dataOf(options, incident, wires.makesAlerts),
      };
      const body = JSON.stringify({ event });
      const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
      const signatures = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(body).digest('hex')}`);
      const headers = {
        'content-type': 'application/json',
        'x-pagerduty-signature': signatures.join(','),
        'x-webhook-id': id,
      };
      const message = { url: options.url, headers, body };
      const lateMs = heldBackMs(wires.faults);
      if (lateMs === 0) return deliver('pagerduty', wires, { ...message, atMs });
      held.push({ ...message, dueAtMs: atMs + lateMs });
      return { status: null, body: '' };
    },
    nextDueAtMs: () => (held.length === 0 ? null : Math.min(...held.map(({ dueAtMs }) => dueAtMs))),
    async sendNext(atMs) {
      const [next] = held.filter(({ dueAtMs }) => dueAtMs <= atMs).sort((a, b) => a.dueAtMs - b.dueAtMs);
      if (next === undefined) return null;
      held.splice(held.indexOf(next), 1);
      return (await deliver('pagerduty', wires, { ...next, atMs })).status !== null;
    },
  };
}

function heldBackMs(faults: WireFaults): number {
  const late = faults.take('pagerduty', ({ kind }) => kind === 'late-delivery');
  if (late?.kind === 'late-delivery') return late.lateSeconds * 1000;
  return faults.take('pagerduty', ({ kind }) => kind === 'reordered-delivery') === null ? 0 : OVERTAKEN_WITHIN_MS;
}

function happen(
  { type, note, priority }: WebhookRequest,
  incident: PagerDutyIncident,
  atMs: number,
  agent: Person | null,
  to: Person | null,
): void {
  switch (type) {
    case 'incident.acknowledged':
      setStatus(incident, 'acknowledged', atMs, agent);
      return;
    case 'incident.resolved':
      setStatus(incident, 'resolved', atMs, agent);
      return;
    case 'incident.unacknowledged':
    case 'incident.reopened':
      setStatus(incident, 'triggered', atMs, agent);
      return;
    case 'incident.reassigned':
    case 'incident.escalated':
    case 'incident.delegated':
      if (to !== null) incident.assignees = [to];
      return;
    case 'incident.annotated':
      incident.notes.push({ content: note ?? '', by: agent?.email ?? '', atMs });
      return;
    case 'incident.priority_updated':
      incident.priority = priority ?? null;
      return;
    case 'incident.triggered':
    case 'pagey.ping':
  }
}

/** A note's event carries the note, which refers to its incident without the incident's key. */
function dataOf({ type, note }: WebhookRequest, incident: PagerDutyIncident | undefined, makesAlerts: boolean) {
  if (incident === undefined) return { message: 'Hello from your friend Pagey!', type: 'ping' };
  const {
    assignments: _1,
    acknowledgements: _2,
    incident_number: number,
    ...shown
  } = incidentJson(incident, makesAlerts);
  if (type !== 'incident.annotated')
    return { ...shown, number, assignees: incident.assignees.map(userReference), teams: [], resolve_reason: null };
  const reference = {
    id: incident.id,
    type: 'incident_reference',
    summary: incident.title,
    html_url: shown.html_url,
  };
  return {
    id: `N${incident.notes.length}`,
    type: 'incident_note',
    content: note ?? '',
    trimmed: false,
    incident: reference,
  };
}
