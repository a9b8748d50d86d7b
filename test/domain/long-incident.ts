import type { Hypothesis } from '../../src/domain/diagnosis.ts';
import type { EvidenceBundle, EvidenceItem, EvidencePurpose, Finding } from '../../src/domain/evidence.ts';
import { fold } from '../../src/domain/fold.ts';
import type { IncidentState } from '../../src/domain/incident.ts';
import { openedState } from '../../src/domain/opened-state.ts';
import type { RemedyPlan } from '../../src/domain/remedy.ts';
import type { EventOf, TimelineEvent, TimelineFact } from '../../src/domain/timeline.ts';

export const OPENED_AT = '2024-10-23T14:30:00.000Z';
const MACHINE = { person: 'machine', roles: [], via: 'machine' } as const;
const ALICE = { person: 'alice', roles: ['responder', 'commander', 'approver'], via: 'slack' } as const;
const MINUTE_MS = 60_000;
const LIST = 20;
const ITEMS = 24;
const EXCERPT = 'x'.repeat(1000);

/** An incident as the workflow records it, event by event, without the workflow. */
export class LongIncident {
  state: IncidentState;
  timeline: TimelineEvent[];
  minutes = 0;

  constructor(readonly incidentId = 'incident-20241023-1430') {
    const opened: EventOf<'opened'> = {
      kind: 'opened',
      title: 'API error rate is high',
      service: 'api',
      detectedAt: OPENED_AT,
      previousIncidentId: null,
      seq: 1,
      at: OPENED_AT,
      by: MACHINE,
      decisionId: null,
    };
    this.state = openedState(incidentId, opened);
    this.timeline = [opened];
  }

  get at(): string {
    return new Date(Date.parse(OPENED_AT) + this.minutes * MINUTE_MS).toISOString();
  }

  record(fact: TimelineFact, decisionId: string | null = null): void {
    const by = decisionId === null ? MACHINE : ALICE;
    const event = { ...fact, seq: this.state.seq + 1, at: this.at, by, decisionId } as TimelineEvent;
    this.state = fold(this.state, event);
    this.timeline.push(event);
  }

  /** Unmitigated for so long: evidence every five minutes, an update every fifteen, a remedy tried every hour. */
  goOn(hours: number, after: (self: LongIncident) => void = () => undefined): void {
    const end = this.minutes + hours * 60;
    for (; this.minutes < end; this.minutes += 5) {
      if (this.minutes === 0) this.begin();
      this.look('investigation');
      if (this.minutes % 15 === 0) this.update();
      if (this.minutes % 60 === 30) this.attempt();
      after(this);
    }
  }

  private begin(): void {
    for (let number = 0; number < 60; number += 1) this.alert(number);
    this.record({ kind: 'step-finished', step: 'opening', outcome: true });
    for (const purpose of ['first-assessment', 'after-remedy', 'root-cause'] as const) this.look(purpose);
  }

  private alert(number: number): void {
    this.record({
      kind: 'alert-received',
      repeats: 1,
      alert: {
        source: 'alertmanager',
        fingerprint: `fingerprint-${number}`,
        status: 'firing',
        name: `HighErrorRate${number}`,
        summary: `Ä${'s'.repeat(200)}`,
        service: 'api',
        labels: Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`label_${index}`, 'a-value-of-a-label'])),
        annotations: { description: 'd'.repeat(400), runbook_url: 'https://runbooks.example/high-error-rate' },
        startsAt: this.at,
        endsAt: null,
        claimedSeverity: 'P1',
        receivedAt: this.at,
        link: 'https://alertmanager.example/#/alerts?silenced=false',
        alreadyPaged: false,
      },
    });
    if (number % 2 === 1)
      this.record({ kind: 'alert-cleared', fingerprint: `fingerprint-${number}`, name: 'it', clearedAt: this.at });
  }

  look(purpose: EvidencePurpose): void {
    this.record({ kind: 'evidence-collected', bundle: bundle(purpose, this.at) });
    const hypotheses = Array.from({ length: 5 }, (_, index) => hypothesis(index));
    if (this.minutes % 30 === 0)
      this.record({ kind: 'explained', hypotheses, changed: 'Now more likely: x (61% sure)' });
  }

  private update(): void {
    const open = this.state.promises.find(({ ended }) => ended === null);
    if (open !== undefined)
      this.record({ kind: 'promise-ended', promiseId: open.promise.id, how: 'kept', because: 'no-news sent' });
    const key = `${this.incidentId}/no-news/${this.state.seq}`;
    const text = 'u'.repeat(900);
    this.record({
      kind: 'published',
      late: false,
      message: { key, medium: 'chat', what: 'no-news', to: '#incident', text, ref: '1.2', coversSeq: this.state.seq },
    });
    const id = `update-${Number(this.state.promises.at(-1)?.promise.id.split('-').at(-1) ?? 0) + 1}`;
    const words = 'an update in the incident channel';
    this.record({ kind: 'promised', promise: { id, kind: 'update', words, dueAt: this.at } });
    this.record({ kind: 'noted', text: 'still looking '.repeat(10) }, `decision-${this.state.seq}-0123456789abcdef`);
  }

  /** As mitigation.ts does it: options, a question, a yes, the act, the verdict, the end. */
  private attempt(): void {
    const number = Object.keys(this.state.steps).filter((step) => /^r1\.\d+\/ended$/.test(step)).length + 1;
    const id = `r1.${number}`;
    const options = ['rollback', 'restart', 'scale'] as const;
    const plans = options.map((action) => plan(`${this.incidentId}/${id}/${action}/noa-mcp`, action, this.at));
    const [first] = plans as [RemedyPlan];
    this.record({ kind: 'step-finished', step: `${id}/options`, outcome: plans });
    this.record({
      kind: 'approval-requested',
      approval: {
        id,
        mode: 'ask',
        risk: 'medium',
        approver: 'approver',
        why: 'w'.repeat(300),
        options: plans.map((one) => ({ name: one.action, plan: one, preview: one.preview })),
        digest: plans.map(({ digest }) => digest).join('+'),
        requestedAt: this.at,
        remindAt: this.at,
        deadlineAt: this.at,
      },
    });
    const decision = `decision-${id}-0123456789abcdef`;
    this.record(
      { kind: 'approval-granted', approvalId: id, option: 'rollback', how: 'approved', because: null },
      decision,
    );
    this.record({ kind: 'step-finished', step: `${id}/decision`, outcome: { id: decision, body: 'b'.repeat(500) } });
    this.record({
      kind: 'escalated',
      to: ['engineering-manager'],
      byTime: false,
      because: `nobody answered ${id} in time`,
    });
    this.record({ kind: 'remedy-intended', plan: first, approvalId: id });
    const outcome = { result: 'done' as const, readBack: 'r'.repeat(200), observed: { replicas: 3 } };
    this.record({ kind: 'remedy-carried-out', key: first.key, action: first.action, outcome });
    this.record({ kind: 'step-finished', step: `${first.key}/rolled-out`, outcome: true });
    this.record({
      kind: 'remedy-verified',
      key: first.key,
      action: first.action,
      helped: false,
      words: 'v'.repeat(150),
    });
    this.record({ kind: 'step-finished', step: `${id}/wait-until`, outcome: this.at });
    this.record({ kind: 'step-finished', step: `r1/cleared/${this.state.seq}`, outcome: null });
    this.record({ kind: 'step-finished', step: `${id}/ended`, outcome: true });
  }
}

function plan(key: string, action: 'rollback' | 'restart' | 'scale', at: string): RemedyPlan {
  return {
    key,
    action,
    target: { kind: 'deployment', namespace: 'production', name: 'noa-mcp' },
    parameters: { revision: 7, restartedAt: at, patch: 'p'.repeat(300) },
    before: { revision: 8, image: 'registry.example/noa/noa-mcp:2.0.0' },
    preconditions: { uid: '0123456789abcdef0123456789abcdef', resourceVersion: '123456', revision: '8' },
    preview: `Take noa-mcp back from revision 8 to revision 7 (${action}). ${'p'.repeat(100)}`,
    command: `kubectl rollout undo deployment/noa-mcp --to-revision=7 -n production # ${action}`,
    plannedAt: at,
    digest: 'd'.repeat(64),
    temporary: action === 'scale',
  };
}

function hypothesis(index: number): Hypothesis {
  const weighed = Array.from({ length: 6 }, (_, one) => ({
    evidenceId: `e-${one}`,
    words: 'errors rose two minutes after the deploy '.repeat(3),
    weight: 0.3,
  }));
  return {
    id: `bad-deploy:noa-mcp:${index}`,
    cause: 'bad-deploy',
    names: ['noa-mcp', 'feature X'],
    words: 'noa-mcp was deployed two minutes before the errors began. '.repeat(3),
    confidence: 0.6,
    supports: weighed,
    contradicts: weighed.slice(0, 2),
    wouldTellApart: 'Undo it.',
    suggests: [],
  };
}

/** Twenty-four answers with full lists and full excerpts: about as much as production ever says. */
export function bundle(purpose: EvidencePurpose, at: string): EvidenceBundle {
  const items = Array.from({ length: ITEMS }, (_, index) => item(index, at));
  return { purpose, collectedAt: at, items, gaps: [] };
}

function item(index: number, at: string): EvidenceItem {
  const finding = findings(at)[index % 6] as Finding;
  return {
    id: `e-${finding.probe}-${index}`,
    probe: finding.probe,
    source: 'prometheus',
    collectedAt: at,
    command: `sum(rate(http_requests_total{namespace="production",status=~"5.."}[5m])) by (endpoint) # ${index}`,
    link: 'https://grafana.example/d/abc/api?from=1729693800000&to=1729697400000',
    words: 'Errors rose from 0.4% to 45% at 14:28 UTC, mostly on /v1/messages.',
    abnormal: index % 4 === 0,
    finding,
    excerpt: EXCERPT,
    digest: 'd'.repeat(64),
    sizeBytes: 48_000,
  };
}

function findings(at: string): readonly Finding[] {
  const many = <T>(make: (index: number) => T): readonly T[] => Array.from({ length: LIST }, (_, index) => make(index));
  return [
    { probe: 'error-rate', ratio: 0.45, trend: many((index) => [1_729_693_800 + index * 60, 0.4512]), roseAt: at },
    { probe: 'latency', p95Seconds: 4.2, trend: many((index) => [1_729_693_800 + index * 60, 4.2]), roseAt: at },
    {
      probe: 'service-logs',
      lines: 2000,
      patterns: many((index) => ({
        kind: 'timeout' as const,
        pattern: `timeout after # ms when calling #${index}`,
        count: 100,
        firstAt: at,
        example: `timeout after 5000 ms when calling provider ${index}`,
      })),
    },
    {
      probe: 'endpoints',
      endpoints: many((index) => ({
        endpoint: `/v1/messages/${index}`,
        errorRatio: 0.4,
        perMinute: 40,
        servedBy: 'noa',
      })),
    },
    {
      probe: 'firing-alerts',
      alerts: many((index) => ({
        name: `Alert${index}`,
        severity: 'page',
        activeAt: at,
        summary: 'Error rate is high',
      })),
    },
    {
      probe: 'slow-endpoints',
      endpoints: many((index) => ({ endpoint: `/v1/messages/${index}`, p95Seconds: 4.2 })),
    },
  ];
}
