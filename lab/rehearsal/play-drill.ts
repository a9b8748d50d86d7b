import { actionItemsWorkflowId } from '../../src/workflows/action-items/api.ts';
import { incidentWorkflowId } from '../../src/workflows/incident/api.ts';
import { postMortemWorkflowId } from '../../src/workflows/post-mortem/api.ts';
import { type Cast, castDrill, contactsOfService } from './cast.ts';
import { conduct, type Played, type Stage } from './conductor.ts';
import type { Drill, PlannedPerson } from './drill.ts';
import { Fleet, type Ship } from './fleet.ts';
import { GatewayDoor } from './gateway-door.ts';
import { type PageSeen, People, type PersonDid } from './people.ts';
import { playRealTime } from './real-time.ts';
import { SlackDoor } from './slack-door.ts';
import { type Ground, openTheatre, type Theatre } from './theatre.ts';
import { type GroundProcess, Wires, type WireTold } from './wires.ts';

/** A drill that has been played to its end, with everything still there to be judged. */
export interface Performance {
  readonly drill: Drill;
  readonly cast: Cast;
  readonly theatre: Theatre;
  readonly incidents: readonly Ship[];
  readonly followUps: readonly Ship[];
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
  judge: (performance: Performance) => Promise<T>,
): Promise<T> {
  const cast = await castDrill(drill);
  const theatre = await openTheatre(drill, cast, options.ground);
  try {
    return await judge(await perform(drill, cast, theatre, options));
  } catch (error) {
    const lines = theatre.lastLines();
    throw new Error(`${(error as Error).message}${lines === '' ? '' : `\nLast lines of its processes:\n${lines}`}`, {
      cause: error,
    });
  } finally {
    await theatre.close();
  }
}

async function perform(drill: Drill, cast: Cast, theatre: Theatre, options: PlayOptions): Promise<Performance> {
  const { production } = theatre;
  for (const fault of drill.faults) production.world.addFault(fault.spec, drill.startAtMs + fault.atMs);
  const slack = slackDoor(theatre, cast);
  const door = new GatewayDoor(theatre.gatewayUrl, cast.tokens, cast.observerToken, slack);
  const reported = drill.faults.some(({ spec }) => spec.kind === 'user-report');
  const fleet = new Fleet({
    virtualTime: theatre.virtualTime,
    client: theatre.client,
    incidentIds: async () => (await door.incidentIds()).map(incidentWorkflowId),
    intakeBusy: () => door.intakeBusy(),
    followUpsOf: (incidentId) => [postMortemWorkflowId(incidentId), actionItemsWorkflowId(incidentId)],
    turnstile: theatre.turnstile,
    verificationIds: async () => (reported ? door.verificationIds() : []),
  });
  const people = new People({
    drill,
    incidents: () => fleet.incidents,
    pages: () => pagesSeen(theatre, cast, fleet),
    acknowledgeInPagerduty: (page, person) => tapOnThePhone(theatre, cast, page, person),
    decide: (decision) => door.decide(decision),
  });
  const wires = new Wires(drill, theatre, options.grounds);
  const stage: Stage = {
    nowMs: () => production.world.nowMs,
    advance: (ms) => production.advanceUntilDue(ms),
    hasNews: () => production.isDue(),
    tellNext: () => production.sendNext(),
  };
  const course = {
    stage,
    fleet,
    people,
    wires,
    setClock: theatre.setClock,
    endsAtMs: drill.startAtMs + Math.min(drill.limitMs, 'afterMs' in drill.until ? drill.until.afterMs : drill.limitMs),
    isDone: (nowMs: number) => isDone(drill, fleet.incidents, nowMs, wires.pending),
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
  const followUps = fleet.ships.filter((ship) => !ship.isIncident);
  return {
    drill,
    cast,
    theatre,
    incidents: fleet.incidents,
    followUps,
    played,
    peopleDid: people.did,
    peopleCouldNot: people.undone(),
    slackRefused: slack.refused,
    wiresTold: wires.told,
  };
}

function slackDoor({ production, gatewayUrl, slackSigningSecret }: Theatre, cast: Cast): SlackDoor {
  return new SlackDoor({
    slack: production.slack,
    faults: production.wires,
    gatewayUrl,
    signingSecret: slackSigningSecret,
    chatIdOf: (person) => cast.policy.people.find(({ id }) => id === person)?.chatId ?? null,
  });
}

/** All that the drill brings has happened, and every incident has come as far as the drill plays for. */
function isDone(drill: Drill, incidents: readonly Ship[], nowMs: number, wiresPending: number): boolean {
  if (!('state' in drill.until)) return false;
  const { state } = drill.until;
  const later = [...drill.faults, ...drill.acts].some(({ atMs }) => drill.startAtMs + atMs > nowMs);
  const expected = drill.expect.incidents ?? (drill.expect.declared === false ? 0 : 1);
  if (later || wiresPending > 0 || incidents.length < expected || incidents.length === 0) return false;
  return incidents.every((incident) => hasReached(incident, state));
}

function hasReached({ timeline }: Ship, state: 'resolved' | 'reviewed' | 'closed'): boolean {
  if (timeline.some((event) => event.kind === 'closed')) return true;
  if (state === 'closed') return false;
  const last = timeline.findLast((event) => event.kind === 'resolved' || event.kind === 'reopened');
  if (last?.kind !== 'resolved') return false;
  return state === 'resolved' || timeline.some((event) => event.kind === 'post-mortem-written');
}

/** Phones that rang, by PagerDuty's own ledger. */
export function pagesSeen(
  theatre: Theatre,
  cast: Cast,
  fleet: { readonly incidents: readonly Ship[] },
): readonly PageSeen[] {
  const ids = fleet.incidents.map(({ workflowId }) => workflowId);
  return theatre.production.pagerDuty.pages.flatMap((page) => {
    const incidentId = ids.find((id) => page.dedupKey === id || page.dedupKey.startsWith(`${id}/`));
    if (!page.paged || incidentId === undefined) return [];
    return [
      {
        atMs: page.atMs,
        incidentId,
        pagerdutyId: page.incidentId ?? '',
        contacts: contactsOfService(cast.policy, page.service),
      },
    ];
  });
}

async function tapOnThePhone(theatre: Theatre, cast: Cast, page: PageSeen, person: PlannedPerson): Promise<void> {
  const agentEmail = cast.policy.people.find(({ id }) => id === person.id)?.email ?? null;
  await theatre.production.pagerDuty.sendWebhook({
    type: 'incident.acknowledged',
    incidentId: page.pagerdutyId,
    agentEmail,
    url: `${theatre.gatewayUrl}/webhooks/pagerduty`,
    secret: theatre.pagerdutySecret,
  });
}
