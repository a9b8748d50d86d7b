import { actionItemsWorkflowId } from '../../src/workflows/action-items/api.ts';
import { incidentWorkflowId } from '../../src/workflows/incident/api.ts';
import { postMortemWorkflowId } from '../../src/workflows/post-mortem/api.ts';
import { conduct, type Played, type Stage } from './conductor.ts';
import type { Drill, PlannedPerson } from './drill.ts';
import { type DrillEnvironment, type Ground, startDrillEnvironment } from './drill-environment.ts';
import { buildDrillPolicy, contactsOfService, type DrillPolicy } from './drill-policy.ts';
import { GatewayClient } from './gateway-client.ts';
import { type PageSeen, People, type PersonDid } from './people.ts';
import { playRealTime } from './real-time.ts';
import { SlackUserClient } from './slack-user-client.ts';
import { type GroundProcess, Wires, type WireTold } from './wires.ts';
import { type TrackedWorkflow, WorkflowTracker } from './workflow-tracker.ts';

/** A drill that has been played to its end, with everything still there to be judged. */
export interface DrillRun {
  readonly drill: Drill;
  readonly drillPolicy: DrillPolicy;
  readonly environment: DrillEnvironment;
  readonly incidents: readonly TrackedWorkflow[];
  readonly followUps: readonly TrackedWorkflow[];
  readonly played: Played;
  readonly peopleDid: readonly PersonDid[];
  readonly peopleCouldNot: readonly string[];
  /** What the gateway did not take from Slack although it was there to take it, in words. */
  readonly slackRefused: readonly string[];
  readonly wiresTold: readonly WireTold[];
}

export interface PlayOptions {
  readonly ground: Ground;
  readonly grounds: Readonly<Partial<Record<'temporal' | 'store', GroundProcess>>>;
  readonly stopped: () => boolean;
}

/** Plays one drill from its start to its end and hands it to `judge` before everything of it is stopped. */
export async function playDrill<T>(
  drill: Drill,
  options: PlayOptions,
  judge: (drillRun: DrillRun) => Promise<T>,
): Promise<T> {
  const drillPolicy = await buildDrillPolicy(drill);
  const environment = await startDrillEnvironment(drill, drillPolicy, options.ground);
  try {
    return await judge(await runDrill(drill, drillPolicy, environment, options));
  } catch (error) {
    const lines = environment.lastLines();
    throw new Error(`${(error as Error).message}${lines === '' ? '' : `\nLast lines of its processes:\n${lines}`}`, {
      cause: error,
    });
  } finally {
    await environment.close();
  }
}

async function runDrill(
  drill: Drill,
  drillPolicy: DrillPolicy,
  environment: DrillEnvironment,
  options: PlayOptions,
): Promise<DrillRun> {
  const { production } = environment;
  for (const fault of drill.faults) production.world.addFault(fault.spec, drill.startAtMs + fault.atMs);
  const slack = slackUserClient(environment, drillPolicy);
  const client = new GatewayClient(environment.gatewayUrl, drillPolicy.tokens, drillPolicy.observerToken, slack);
  const reported = drill.faults.some(({ spec }) => spec.kind === 'user-report');
  const tracker = new WorkflowTracker({
    virtualTime: environment.virtualTime,
    client: environment.client,
    incidentIds: async () => (await client.incidentIds()).map(incidentWorkflowId),
    intakeBusy: () => client.intakeBusy(),
    followUpsOf: (incidentId) => [postMortemWorkflowId(incidentId), actionItemsWorkflowId(incidentId)],
    activityGate: environment.activityGate,
    verificationIds: async () => (reported ? client.verificationIds() : []),
  });
  const people = new People({
    drill,
    incidents: () => tracker.incidents,
    pages: () => pagesSeen(environment, drillPolicy, tracker),
    acknowledgeInPagerduty: (page, person) => tapOnThePhone(environment, drillPolicy, page, person),
    decide: (decision) => client.decide(decision),
  });
  const wires = new Wires(drill, environment, options.grounds);
  const stage: Stage = {
    nowMs: () => production.world.nowMs,
    advance: (ms) => production.advanceUntilDue(ms),
    hasNews: () => production.isDue(),
    tellNext: () => production.sendNext(),
  };
  const course = {
    stage,
    tracker,
    people,
    wires,
    setClock: environment.setClock,
    endsAtMs: drill.startAtMs + Math.min(drill.limitMs, 'afterMs' in drill.until ? drill.until.afterMs : drill.limitMs),
    isDone: (nowMs: number) => isDone(drill, tracker.incidents, nowMs, wires.pending),
    stopped: options.stopped,
    ...(process.env.DRILL_TRACE === undefined
      ? {}
      : { trace: (line: string) => process.stderr.write(`${performance.now().toFixed(0)} ${line}\n`) }),
  };
  const reached = options.ground.realTime
    ? await playRealTime(course, drill.startAtMs, options.ground.speed)
    : await conduct(course);
  const played =
    'afterMs' in drill.until && drill.until.afterMs <= drill.limitMs
      ? { ...reached, reached: !options.stopped() }
      : reached;
  const followUps = tracker.workflows.filter((workflow) => !workflow.isIncident);
  return {
    drill,
    drillPolicy,
    environment,
    incidents: tracker.incidents,
    followUps,
    played,
    peopleDid: people.did,
    peopleCouldNot: people.undone(),
    slackRefused: slack.refused,
    wiresTold: wires.told,
  };
}

function slackUserClient(
  { production, gatewayUrl, slackSigningSecret }: DrillEnvironment,
  drillPolicy: DrillPolicy,
): SlackUserClient {
  return new SlackUserClient({
    slack: production.slack,
    faults: production.wires,
    gatewayUrl,
    signingSecret: slackSigningSecret,
    chatIdOf: (person) => drillPolicy.policy.people.find(({ id }) => id === person)?.chatId ?? null,
  });
}

/** All that the drill brings has happened, and every incident has come as far as the drill plays for. */
function isDone(drill: Drill, incidents: readonly TrackedWorkflow[], nowMs: number, wiresPending: number): boolean {
  if (!('state' in drill.until)) return false;
  const { state } = drill.until;
  const later = [...drill.faults, ...drill.acts].some(({ atMs }) => drill.startAtMs + atMs > nowMs);
  const expected = drill.expect.incidents ?? (drill.expect.declared === false ? 0 : 1);
  if (later || wiresPending > 0 || incidents.length < expected || incidents.length === 0) return false;
  return incidents.every((incident) => hasReached(incident, state));
}

function hasReached({ timeline }: TrackedWorkflow, state: 'resolved' | 'reviewed' | 'closed'): boolean {
  if (timeline.some((event) => event.kind === 'closed')) return true;
  if (state === 'closed') return false;
  const last = timeline.findLast((event) => event.kind === 'resolved' || event.kind === 'reopened');
  if (last?.kind !== 'resolved') return false;
  return state === 'resolved' || timeline.some((event) => event.kind === 'post-mortem-written');
}

/** Phones that rang, by PagerDuty's own ledger. */
export function pagesSeen(
  environment: DrillEnvironment,
  drillPolicy: DrillPolicy,
  tracker: { readonly incidents: readonly TrackedWorkflow[] },
): readonly PageSeen[] {
  const ids = tracker.incidents.map(({ workflowId }) => workflowId);
  return environment.production.pagerDuty.pages.flatMap((page) => {
    const incidentId = ids.find((id) => page.dedupKey === id || page.dedupKey.startsWith(`${id}/`));
    if (!page.paged || incidentId === undefined) return [];
    return [
      {
        atMs: page.atMs,
        incidentId,
        pagerdutyId: page.incidentId ?? '',
        contacts: contactsOfService(drillPolicy.policy, page.service),
      },
    ];
  });
}

async function tapOnThePhone(
  environment: DrillEnvironment,
  drillPolicy: DrillPolicy,
  page: PageSeen,
  person: PlannedPerson,
): Promise<void> {
  const agentEmail = drillPolicy.policy.people.find(({ id }) => id === person.id)?.email ?? null;
  await environment.production.pagerDuty.sendWebhook({
    type: 'incident.acknowledged',
    incidentId: page.pagerdutyId,
    agentEmail,
    url: `${environment.gatewayUrl}/webhooks/pagerduty`,
    secret: environment.pagerdutySecret,
  });
}
