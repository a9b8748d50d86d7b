import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createIncidentClient, type IncidentClient } from '../../src/client/incident-client.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { freePort, releasePort } from '../embedded/ports.ts';
import { type RunningProcess, spawnProcess } from '../embedded/processes.ts';
import { type Production, startProduction } from '../simulation/production.ts';
import type { PeopleSettings } from '../simulation/systems/people.ts';
import { type ActivityGate, openActivityGate } from './activity-gate.ts';
import type { Drill } from './drill.ts';
import type { DrillPolicy } from './drill-policy.ts';
import { connectVirtualTime, type VirtualTime } from './virtual-time.ts';

/** What many drills share: a Temporal server, a database of this drill's own, and how to shut them in. */
export interface Ground {
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly databaseUrl: string;
  readonly postgresAdminUrl: string;
  /** Files that were built: the workflows, and the two processes. */
  readonly code: { readonly workflows: string; readonly worker: string; readonly gateway: string };
  readonly realTime: boolean;
  readonly speed: number;
}

export type StageProcess = 'worker' | 'gateway';

/** One drill's production, gateway and worker, running. */
export interface DrillEnvironment {
  readonly production: Production;
  readonly client: IncidentClient;
  readonly virtualTime: VirtualTime;
  readonly activityGate: ActivityGate;
  readonly gatewayUrl: string;
  readonly documentsDir: string;
  readonly pagerdutySecret: string;
  readonly slackSigningSecret: string;
  /** Writes the clock that gateway and worker read. */
  setClock(ms: number): void;
  process(name: StageProcess): RunningProcess;
  /** Starts it anew, after it was killed or stopped. */
  restart(name: StageProcess): Promise<void>;
  /** The last lines that both processes printed, for messages. */
  lastLines(): string;
  close(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../..');
const RECEIVER = 'incidents';
const ALERTMANAGER_TOKEN = 'drill-alertmanager-token';
const PAGERDUTY_SECRET = 'drill-pagerduty-secret';
const SLACK_SIGNING_SECRET = 'drill-slack-signing-secret';
const REPORT_SECRETS = { zendesk: 'drill-zendesk-secret', jira: 'drill-jira-secret' };
const SIGNING_KEY = 'drill-decision-signing-key';
const START_WITHIN_MS = 30_000;
const STRETCH = 1000;
const LONGEST_WORKFLOW_MS = 100 * 365 * 86_400_000;

export async function startDrillEnvironment(
  drill: Drill,
  drillPolicy: DrillPolicy,
  ground: Ground,
): Promise<DrillEnvironment> {
  const folder = mkdtempSync(join(tmpdir(), `drill-${drill.name}-`));
  const policyFile = join(folder, 'policy.yaml');
  const clockFile = join(folder, 'clock');
  const documentsDir = join(folder, 'documents');
  mkdirSync(documentsDir);
  writeFileSync(policyFile, drillPolicy.policyText);
  let clockMs = Number.NaN;
  const setClock = (ms: number): void => {
    if (ms === clockMs) return;
    clockMs = ms;
    // Whoever reads meanwhile sees the old instant or the new one, never half of one.
    writeFileSync(`${clockFile}.new`, new Date(ms).toISOString());
    renameSync(`${clockFile}.new`, clockFile);
  };
  setClock(drill.startAtMs);

  const closers: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer().catch(() => undefined);
  };
  try {
    const port = await freePort();
    closers.push(async () => releasePort(port));
    const gatewayUrl = `http://127.0.0.1:${port}`;
    const production = await startProduction(productionOptions(drill, drillPolicy.policy, ground));
    closers.push(() => production.stop());
    production.setReceivers([
      { name: RECEIVER, url: `${gatewayUrl}/webhooks/alertmanager`, bearerToken: ALERTMANAGER_TOKEN },
    ]);
    production.setReportReceivers({
      slack: { url: `${gatewayUrl}/slack/events`, signingSecret: SLACK_SIGNING_SECRET },
      zendesk: { url: `${gatewayUrl}/webhooks/zendesk`, secret: REPORT_SECRETS.zendesk },
      jira: { url: `${gatewayUrl}/webhooks/jira`, secret: REPORT_SECRETS.jira },
    });
    const activityGate = await openActivityGate(() => production.log.activity());
    closers.push(() => activityGate.close());
    const places = { policyFile, clockFile, documentsDir, port, endpoints: production.endpoints };
    const env = {
      ...environment(drill, ground, places),
      ...(ground.realTime ? {} : { INCIDENT_TURNS_URL: activityGate.url }),
    };
    const starts: Record<StageProcess, () => Promise<RunningProcess>> = {
      worker: () =>
        start('worker', ground.code.worker, env, { kind: 'line', pattern: /worker ready/ }, join(folder, 'worker.log')),
      gateway: () =>
        start(
          'gateway',
          ground.code.gateway,
          env,
          { kind: 'http', url: `${gatewayUrl}/readyz` },
          join(folder, 'gateway.log'),
        ),
    };
    // The gateway first: whoever comes second finds the store's tables in place.
    const starting = [starts.gateway(), starts.worker()] as const;
    // When one does not start, the other may still come up: it is waited for, and ended too.
    closers.push(() =>
      Promise.all(
        starting.map((one) =>
          one.then(
            (started) => started.kill(),
            () => undefined,
          ),
        ),
      ),
    );
    const [gateway, worker] = await Promise.all(starting);
    const running: Record<StageProcess, RunningProcess> = { worker, gateway };
    closers.push(() => Promise.all([running.gateway.kill(), running.worker.kill()]));
    const client = createIncidentClient({
      connection: { address: ground.temporalAddress },
      namespace: ground.namespace,
    });
    closers.push(() => client.close());
    const virtualTime = await connectVirtualTime({ address: ground.temporalAddress, namespace: ground.namespace });
    closers.push(() => virtualTime.close());
    return {
      production,
      client,
      virtualTime,
      activityGate,
      gatewayUrl,
      documentsDir,
      pagerdutySecret: PAGERDUTY_SECRET,
      slackSigningSecret: SLACK_SIGNING_SECRET,
      setClock,
      process: (name) => running[name],
      async restart(name) {
        running[name] = await starts[name]();
      },
      lastLines: () =>
        Object.values(running)
          .flatMap((one) =>
            one
              .lastLines()
              .slice(-6)
              .map((line) => `[${one.name}] ${line}`),
          )
          .join('\n'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function productionOptions(drill: Drill, policy: Policy, ground: Ground) {
  return {
    seed: drill.seed,
    startMs: drill.startAtMs,
    mode: ground.realTime ? ('live' as const) : ('virtual' as const),
    world: drill.world,
    people: peopleOf(policy),
    supportChannel: (policy.reports.chatChannels[0] ?? '#general').replace(/^#/, ''),
    statusPage: {
      pageId: 'drillpage',
      components: policy.communication.statusPageComponents.map(({ id, name }) => ({ id, name })),
    },
    rules: policy.alertRules,
    receivers: [{ name: RECEIVER, url: 'http://127.0.0.1:9/', bearerToken: null }],
    ...(ground.realTime
      ? { postgresAdminUrl: ground.postgresAdminUrl }
      : { postgresTemplateFolder: join(ROOT, '.cache/virtual-postgres') }),
  };
}

/** The company around the drill's people: their accounts, their groups, the channels, and whose phone each service rings. */
function peopleOf(policy: Policy): PeopleSettings {
  const people = policy.people.map(({ id, name, email, chatId, pagingId }) => ({
    chatId: chatId ?? `U0${id}`,
    pagingId: pagingId ?? `P${id}`,
    handle: id,
    name,
    email,
  }));
  const holders = (wanted: (contacts: readonly string[]) => boolean) =>
    policy.people.filter((person) => wanted(person.contacts));
  const groups = new Map<string, string[]>();
  const pagingServices: { name: string; reaches: string }[] = [];
  for (const [contact, about] of Object.entries(policy.contacts)) {
    const held = holders((contacts) => contacts.includes(contact));
    if (about.chatGroup !== null)
      groups.set(about.chatGroup, [
        ...(groups.get(about.chatGroup) ?? []),
        ...held.flatMap(({ chatId }) => chatId ?? []),
      ]);
    if (about.pagingService === null || pagingServices.some(({ name }) => name === about.pagingService)) continue;
    // A page that nobody of the drill answers still rings somewhere.
    pagingServices.push({
      name: about.pagingService,
      reaches: held[0]?.email ?? about.email ?? `${contact}@nobody.invalid`,
    });
  }
  const { incidentsChannel, oncallChannel, engineeringChannel } = policy.communication;
  const channels = [
    ...policy.reports.chatChannels,
    incidentsChannel,
    oncallChannel,
    engineeringChannel,
    '#devops',
    '#general',
  ].map((name) => name.replace(/^#/, ''));
  return {
    people,
    groups: [...groups].map(([handle, members]) => ({ handle, members })),
    channels: [...new Set(channels)],
    pagingServices,
  };
}

interface Places {
  readonly policyFile: string;
  readonly clockFile: string;
  readonly documentsDir: string;
  readonly port: number;
  readonly endpoints: Readonly<Record<string, string>>;
}

/**
 * Workflow seconds in one incident second. The engine's virtual time runs with the wall clock between leaps; stretched a
 * thousand times, a second of ours is a millisecond of the incident, and no timer fires because a machine was slow.
 * The engine counts nanoseconds in 64 bits, so a drill of many months is stretched less.
 */
function stretchOf(drill: Drill): number {
  return Math.max(1, Math.min(STRETCH, Math.floor(LONGEST_WORKFLOW_MS / drill.limitMs)));
}

function environment(drill: Drill, ground: Ground, places: Places): Record<string, string> {
  return {
    ...places.endpoints,
    DATABASE_URL: ground.databaseUrl,
    TEMPORAL_ADDRESS: ground.temporalAddress,
    TEMPORAL_NAMESPACE: ground.namespace,
    WORKFLOW_BUNDLE: ground.code.workflows,
    INCIDENT_POLICY: places.policyFile,
    INCIDENT_CLOCK_FILE: places.clockFile,
    INCIDENT_SPEED: String(ground.realTime ? ground.speed : 1 / stretchOf(drill)),
    DECISION_SIGNING_KEY: SIGNING_KEY,
    DOCUMENTS_DIR: places.documentsDir,
    PORT: String(places.port),
    HOST: '127.0.0.1',
    ALERTMANAGER_TOKEN,
    PAGERDUTY_WEBHOOK_SECRET: PAGERDUTY_SECRET,
    SLACK_SIGNING_SECRET,
    ZENDESK_WEBHOOK_SECRET: REPORT_SECRETS.zendesk,
    JIRA_WEBHOOK_SECRET: REPORT_SECRETS.jira,
    LOG_LEVEL: process.env.DRILL_LOG_LEVEL ?? 'info',
  };
}

function start(
  name: string,
  entry: string,
  env: Record<string, string>,
  readyWhen: Parameters<typeof spawnProcess>[0]['readyWhen'],
  logFile: string,
) {
  return spawnProcess({
    name,
    command: process.execPath,
    args: [entry],
    env,
    cwd: ROOT,
    logFile:
      process.env.DRILL_LOGS === undefined
        ? logFile
        : join(process.env.DRILL_LOGS, `${env.TEMPORAL_NAMESPACE}-${name}.log`),
    readyWhen: readyWhen ?? null,
    readyTimeoutMs: START_WITHIN_MS,
    stopGraceMs: 3_000,
  });
}
