import { randomUUID } from 'node:crypto';
import type { Alert } from '../../src/domain/alert.ts';
import type { Decision, DecisionBodies, DecisionName } from '../../src/domain/decision.ts';
import type { EvidenceGap, Finding } from '../../src/domain/evidence.ts';
import type { Role } from '../../src/domain/people.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { TimelineEvent, TimelineKind } from '../../src/domain/timeline.ts';
import {
  agendaQuery,
  alertsSignal,
  decisionSignal,
  decisionUpdate,
  INCIDENT_WORKFLOW,
  type IncidentInput,
  paperQuery,
  stateQuery,
  timelineSinceQuery,
} from '../../src/workflows/incident/api.ts';
import type { Engine } from './engine.ts';
import { PretendWorld } from './pretend-world.ts';

const OPENED_AT = '2024-10-23T14:30:00.000Z';
const ROLES: Record<string, readonly Role[]> = { alice: ['responder', 'commander', 'approver'], rob: ['responder'] };

/** Opens an incident in a pretended world and gives the test its hands. */
export async function beginIncident(
  engine: Engine,
  policy: Policy,
  about: {
    readonly service?: string;
    readonly alert?: Partial<Alert>;
    readonly findings?: readonly Finding[];
    readonly gaps?: readonly EvidenceGap[];
  } = {},
) {
  const incidentId = `incident-${randomUUID().slice(0, 8)}`;
  const world = new PretendWorld();
  world.at = () => OPENED_AT;
  world.findings = about.findings ?? null;
  world.gaps = about.gaps ?? [];
  let worker = await engine.worker(incidentId, world.activities());
  const input: IncidentInput = {
    incidentId,
    title: 'API error rate is high',
    service: about.service ?? 'api',
    policy,
    openedAt: OPENED_AT,
    detectedAt: OPENED_AT,
    anchorAt: OPENED_AT,
    speed: 1,
    firstAlert: alert(about.alert),
    previousIncidentId: null,
    carried: null,
  };
  const handle = await engine.client.workflow.start(INCIDENT_WORKFLOW, {
    workflowId: incidentId,
    taskQueue: incidentId,
    args: [input],
  });
  const now = () => patiently(() => handle.query(stateQuery));
  const state = async () => (await now()).state;
  const timeline = async () => patiently(() => handle.query(timelineSinceQuery, 0));
  const story = {
    world,
    state,
    pass: (seconds: number) => engine.pass(incidentId, seconds),
    timeline,
    onCall: async () => (await now()).facts.onCall,
    kinds: async () => (await timeline()).map((event) => event.kind),
    events: async <K extends TimelineKind>(kind: K) =>
      (await timeline()).filter((event): event is Extract<TimelineEvent, { kind: K }> => event.kind === kind),
    questions: async () => (await now()).facts.openQuestions,
    async decide<N extends DecisionName>(
      person: string,
      name: N,
      body: DecisionBodies[N],
      to = incidentId,
      id: string = randomUUID(),
    ) {
      const actor = { person, roles: ROLES[person] ?? [], via: 'api' as const };
      const decision = { id, incidentId: to, name, actor, receivedAt: (await now()).now, body, signature: 'signed' };
      try {
        return (await handle.executeUpdate(decisionUpdate(name), { args: [decision] })).effect;
      } catch (error) {
        throw new Error((error as { cause?: Error }).cause?.message ?? String(error));
      }
    },
    async decideSoon<N extends DecisionName>(person: string, name: N, body: DecisionBodies[N]) {
      await story.pass(10);
      return story.decide(person, name, body);
    },
    /** The same decision as a signal, as `temporal workflow signal` would send it. */
    async signalDecision<N extends DecisionName>(person: string, name: N, body: DecisionBodies[N]) {
      const actor = { person, roles: ROLES[person] ?? [], via: 'signal' as const };
      await handle.signal(decisionSignal(name), {
        id: randomUUID(),
        incidentId,
        name,
        actor,
        receivedAt: (await now()).now,
        body,
        signature: null,
      });
    },
    signalAnything: (name: DecisionName, anything: unknown) => handle.signal(name, anything),
    paper: () => handle.query(paperQuery),
    agenda: () => handle.query(agendaQuery),
    now,
    /** One after the other, as people would: an answer may make another question obsolete. */
    async approveEverything(person: string) {
      for (let count = 0; count < 10; count += 1) {
        const [question] = await story.questions();
        if (question === undefined) return;
        await story.decide(person, 'approve', { approvalId: question.approvalId, option: null });
        await story.pass(1);
      }
    },
    /** Says yes to one question by its name. */
    async approve(name: string, person = 'alice') {
      const question = (await story.questions()).find((one) => one.name === name);
      if (question === undefined) throw new Error(`Nothing named ${name} is asked.`);
      return story.decide(person, 'approve', { approvalId: question.approvalId, option: null });
    },
    alerts: (alerts: readonly Alert[]) => handle.signal(alertsSignal, { alerts }),
    history: () => handle.fetchHistory(),
    /** Says yes to one question while no worker runs; the worker that takes it knows nothing of the incident. */
    async approveBetweenWorkers(name: string): Promise<void> {
      const { now: receivedAt, facts } = await now();
      const approvalId = facts.openQuestions.find((one) => one.name === name)?.approvalId ?? '';
      const actor = { person: 'alice', roles: ROLES.alice ?? [], via: 'api' as const };
      const body = { approvalId, option: null };
      await worker.stop();
      const decision = { id: randomUUID(), incidentId, name: 'approve', actor, receivedAt, body, signature: 'signed' };
      const taken = handle.executeUpdate(decisionUpdate('approve'), { args: [decision as Decision<'approve'>] });
      await new Promise((wake) => setTimeout(wake, 1_500));
      worker = await engine.worker(incidentId, world.activities());
      await taken;
    },
    /** How many runs the incident took: each continue-as-new begins one. */
    async runs() {
      let count = 0;
      for await (const _run of engine.client.workflow.list({ query: `WorkflowId = '${incidentId}'` })) count += 1;
      return count;
    },
    /** How big the history of each run is. */
    async historyBytes() {
      const bytes: number[] = [];
      for await (const run of engine.client.workflow.list({ query: `WorkflowId = '${incidentId}'` })) {
        const described = await engine.client.workflow.getHandle(incidentId, run.runId).describe();
        bytes.push(described.historySize ?? 0);
      }
      return bytes;
    },
    result: async () => {
      const result = await handle.result();
      await worker.stop();
      return result;
    },
  };
  return story;
}

/** Between two runs of an incident there is a moment in which nobody answers queries. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 100 || !String((error as { cause?: unknown }).cause).includes('not scheduled yet')) throw error;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}

export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    fingerprint: 'f1',
    status: 'firing',
    name: 'APIErrorRateHigh',
    summary: 'API error rate is 45%',
    service: 'api',
    labels: { alertname: 'APIErrorRateHigh', severity: 'P1' },
    annotations: {},
    startsAt: OPENED_AT,
    endsAt: null,
    claimedSeverity: 'P1',
    receivedAt: OPENED_AT,
    link: null,
    alreadyPaged: false,
    ...changes,
  };
}
