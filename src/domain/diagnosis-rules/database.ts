import { clockTimeUtc } from '../instant.ts';
import { brokenPods, weighBrokenPod } from './broken-pods.ts';
import { configThatBrought, restoreConfig } from './config.ts';
import { changeWords, Draft, deployNames, minutes, remedy, restartApplication, rollbackOf, target } from './draft.ts';
import type { DeployBefore, Reading } from './reading.ts';
import { beganWith, pool, recentDeploy, sharesWord, slowStatement, statementAgeMinutes, surge } from './signals.ts';
import { weighSilence } from './silence.ts';

/** Refusals that mean "full", not "gone". */
const FULL = /too many (clients|connections)|remaining connection slots|53300/i;

export function databaseRules(reading: Reading): readonly Draft[] {
  if (reading.policy.service.database === null) return [];
  return [
    ...slowQuery(reading),
    ...connectionLeak(reading),
    ...lockContention(reading),
    ...postgresDown(reading),
    ...postgresUnreachable(reading),
  ];
}

/** A statement with this share of all time is what the database is busy with. */
const MOST_OF_THE_TIME = 0.7;

/** Long-running statements hold connections until none is left (the runbook's own example, R9). */
function slowQuery(reading: Reading): readonly Draft[] {
  const statement = slowStatement(reading);
  if (statement === null) return [];
  const deploy = broughtBy(reading);
  const table = statement.table ?? 'an unnamed table';
  const config =
    deploy === null ? configThatBrought(reading, reading.found('database-connections')?.finding.roseAt ?? null) : null;
  const brought =
    deploy === null
      ? config === null
        ? ''
        : `, since ConfigMap ${config} was changed`
      : `, brought by ${changeWords(deploy)} ${minutes(deploy.minutesBefore)} before the first symptom`;
  const relief = restartApplication(
    reading,
    'a restart drops the connections; they fill up again because the slow statement is still there',
  );
  const index = remedy(
    'migrate',
    target(reading, 'database', reading.policy.service.database?.database ?? ''),
    `an index for the statement on ${table} makes it fast for good`,
    true,
    { table },
  );
  const draft = new Draft({
    cause: 'slow-query',
    names: [table, ...deployNames(deploy), ...(config === null ? [] : [config])],
    words: `A slow statement on ${table} (${Math.round(statement.meanMilliseconds)} ms on average) holds the database's connections${brought}.`,
    tellApart: `EXPLAIN of the statement on ${table}: a sequential scan shows the missing index`,
    suggests: [
      ...rollbackOf(reading, deploy),
      ...(config === null ? [] : [restoreConfig(reading, config)]),
      relief,
      index,
    ],
  });
  const share = Math.round(statement.shareOfTime * 100);
  draft.support(
    statement.id,
    (statement.shareOfTime >= 0.3 ? 0.5 : 0.3) * statement.freshness,
    `the statement on ${table} takes ${Math.round(statement.meanMilliseconds)} ms on average and ${share}% of the time of all statements listed`,
  );
  const connections = pool(reading);
  if (connections !== null) {
    const locked = connections.waitingOnLocks >= Math.max(5, connections.active / 4);
    // The pool fills for a quarter of an hour before anybody waits: seen early it is a second trouble on its way.
    const fills = connections.climbedAt !== null && statement.shareOfTime >= MOST_OF_THE_TIME && !locked;
    if (locked)
      draft.contradict(
        connections.id,
        0.4,
        `${connections.waitingOnLocks} connections wait for locks, which makes any statement slow`,
      );
    else if (connections.full && connections.active >= connections.idle)
      draft.support(
        connections.id,
        0.4 * connections.freshness,
        `${connections.active} of ${connections.limit} connections are busy with statements`,
      );
    if (connections.freshness < 1)
      draft.contradict(connections.id, 0.35, 'the pool is no longer full, and the symptoms go on');
    else if (fills && !connections.full)
      draft.support(
        connections.id,
        0.15,
        `${connections.active} connections are busy, more and more since ${clockTimeUtc(connections.climbedAt ?? '')} UTC`,
      );
    else if (!connections.full && reading.errorsHigh)
      draft.contradict(
        connections.id,
        0.4,
        `only ${connections.active} connections are busy: the statement is slow, but it keeps nobody waiting`,
      );
    if (connections.longestActiveSeconds >= 2 && !locked)
      draft.support(
        connections.id,
        0.15,
        `the longest has been running for ${Math.round(connections.longestActiveSeconds)} s`,
      );
  }
  supportByLogs(reading, draft, 0.2);
  if (deploy !== null)
    draft.support(
      deploy.evidenceId,
      0.15,
      `${changeWords(deploy)} was rolled out ${minutes(deploy.minutesBefore)} before the first symptom`,
    );
  return [draft];

  function broughtBy(from: Reading): DeployBefore | null {
    return statement === null ? null : deployThatBrought(from, statement.query, statement.table);
  }
}

/**
 * The deploy that can have brought a statement: recent, and not younger than the statement itself. A deployment that
 * serves no users is suspected when its change speaks of the same thing, or when the connections began to climb with it alone;
 * no deploy that speaks of something else is when configuration was changed as they began to.
 */
export function deployThatBrought(reading: Reading, query: string, table: string | null): DeployBefore | null {
  const { application, companions } = reading.policy.service;
  const age = statementAgeMinutes(reading, query);
  const possible = [application, ...companions]
    .map((workload) => recentDeploy(reading, workload.deployment))
    .filter((deploy) => deploy !== null)
    .filter((deploy) => age === null || age <= (deploy.minutesBefore + minutesSinceSymptom(reading)) * 1.5 + 5);
  const climbedAt = reading.found('database-connections')?.finding.roseAt ?? null;
  const fitting = climbedAt === null ? possible : possible.filter((deploy) => beganWith(deploy, climbedAt));
  const speaking = fitting.find((deploy) => sharesWord(deploy.revision.change, [table, query]) !== null);
  if (speaking !== undefined) return speaking;
  // Configuration that was changed as the climb began explains it as well, and it is changed far less often than code.
  if (configThatBrought(reading, climbedAt) !== null) return null;
  // Its change need not say so when the climb began with it and with no other.
  const alone = climbedAt !== null && fitting.length === 1 ? (fitting[0] ?? null) : null;
  return fitting.find((deploy) => deploy.deployment === application.deployment) ?? alone;
}

function minutesSinceSymptom(reading: Reading): number {
  const last = reading.input.bundles.at(-1);
  if (last === undefined || reading.symptomAt === null) return 0;
  return Math.max(0, (Date.parse(last.collectedAt) - Date.parse(reading.symptomAt)) / 60_000);
}

/** Connections that nobody gives back: many, idle, more and more. */
function connectionLeak(reading: Reading): readonly Draft[] {
  const connections = pool(reading);
  if (connections === null || !connections.full || connections.idle <= connections.active) return [];
  const deployment = holderOf(reading);
  const recent = recentDeploy(reading, deployment);
  // A leak fills for long before anybody notices: a deploy is named only when it speaks of connections itself.
  const deploy = /connection|pool|database|transaction|\bpg\b|postgres/i.test(recent?.revision.change ?? '')
    ? recent
    : null;
  const draft = new Draft({
    cause: 'connection-leak',
    names: [deployment, ...deployNames(deploy)],
    words: `${deployment} does not give its database connections back: ${connections.idle} of ${connections.total} are idle and still held.`,
    tellApart: 'whether the connections go on rising while traffic stays the same',
    suggests: [
      ...rollbackOf(reading, deploy),
      remedy(
        'restart',
        target(reading, 'deployment', deployment),
        'a restart gives the leaked connections back, for a while',
        false,
      ),
    ],
  });
  draft.support(
    connections.id,
    0.6 * connections.freshness,
    `${connections.total} of ${connections.limit} connections are open, ${connections.idle} of them idle`,
  );
  supportByLogs(reading, draft, 0.25);
  const statement = slowStatement(reading);
  if (statement !== null)
    draft.contradict(
      statement.id,
      0.3,
      `the statement on ${statement.table ?? 'a table'} is slow enough to fill the pool without a leak`,
    );
  const statements = reading.found('slow-statements');
  if (statement === null && statements !== null) draft.support(statements.id, 0.15, 'no statement is slow');
  const traffic = surge(reading);
  if (traffic !== null && traffic.ratio >= reading.policy.diagnosis.surgeAboveBaselineRatio)
    draft.contradict(traffic.id, 0.4, `traffic is ${traffic.ratio.toFixed(1)} times its baseline`);
  return [draft];
}

/** Who holds most of the unused connections, by the name it gave the database; the application when nobody says. */
function holderOf(reading: Reading): string {
  const { application, companions } = reading.policy.service;
  const held = reading.found('database-connections')?.finding.unusedByApplication ?? {};
  const [most] = [application, ...companions]
    .map(({ deployment }) => ({ deployment, held: held[deployment] ?? 0 }))
    .sort((a, b) => b.held - a.held);
  return most === undefined || most.held === 0 ? application.deployment : most.deployment;
}

function lockContention(reading: Reading): readonly Draft[] {
  const connections = pool(reading);
  const logs = reading.found('database-logs');
  const locked = connections !== null && connections.waitingOnLocks >= Math.max(5, connections.active / 4);
  const lines =
    logs?.finding.patterns.filter((pattern) =>
      /deadlock detected|still waiting for|lock timeout|could not obtain lock/i.test(
        `${pattern.pattern} ${pattern.example}`,
      ),
    ) ?? [];
  if (!locked && lines.length === 0) return [];
  const table = slowStatement(reading)?.table ?? null;
  const draft = new Draft({
    cause: 'lock-contention',
    names: [table ?? reading.policy.service.database?.database ?? ''],
    words: `Transactions wait for each other's locks${table === null ? '' : ` on ${table}`}.`,
    tellApart: 'pg_blocking_pids: who blocks whom, and for how long',
    suggests: [
      restartApplication(reading, 'a restart ends the sessions that hold the locks; what takes them is still there'),
    ],
  });
  if (locked && connections)
    draft.support(
      connections.id,
      0.65 * connections.freshness,
      `${connections.waitingOnLocks} of ${connections.active} active connections wait for locks`,
    );
  const example = lines[0];
  if (logs !== null && example !== undefined) draft.support(logs.id, 0.3, `the database writes: ${example.example}`);
  return [draft];
}

function postgresDown(reading: Reading): readonly Draft[] {
  const { database } = reading.policy.service;
  const answers = reading.found('database-answers');
  const pods = reading.found('pods');
  if (database === null) return [];
  const broken = brokenPods(pods, database.statefulSet);
  const silent = answers !== null && !answers.finding.answers && !FULL.test(answers.finding.error ?? '');
  if (!silent && broken.length === 0) return [];
  const draft = new Draft({
    cause: 'postgres-down',
    names: [database.pod, database.statefulSet],
    words: `The database ${database.pod} is down.`,
    tellApart: `the state and the last log lines of ${database.pod}`,
    suggests: [
      remedy('delete-pod', target(reading, 'pod', database.pod), 'its StatefulSet makes the pod anew', true),
      remedy(
        'failover-database',
        target(reading, 'database', database.statefulSet),
        'the replica takes over when the pod does not come back',
        true,
      ),
    ],
  });
  if (answers !== null && silent) {
    const statistics = reading.found('database-connections');
    const ready = pods !== null && broken.length === 0;
    weighSilence(reading, draft, { answers, statistics, complaints: 'database-connection', ready }, 0.55);
  }
  if (answers?.finding.answers === true) draft.contradict(answers.id, 0.6, 'the database answers SELECT 1');
  weighBrokenPod(reading, draft, broken[0], 0.5);
  supportByLogs(reading, draft, 0.25);
  return [draft];
}

/** The database is well and the application cannot reach it: the way between is broken, and a person mends it. */
function postgresUnreachable(reading: Reading): readonly Draft[] {
  const answers = reading.found('database-answers');
  const connections = pool(reading);
  const lines = reading
    .logs('database-connection')
    .patterns.filter((pattern) =>
      /ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN/.test(
        `${pattern.pattern} ${pattern.example}`,
      ),
    );
  if (answers?.finding.answers !== true || lines.length === 0 || connections?.full === true || !reading.errorsHigh)
    return [];
  const name = reading.policy.service.database?.statefulSet ?? '';
  const cutOff = [...(reading.troubledWorkloads ?? [])];
  const draft = new Draft({
    cause: 'postgres-unreachable',
    names: [name, ...(cutOff.length > 0 ? cutOff : [reading.policy.service.application.deployment])],
    words: `The application cannot reach ${name}, which itself answers: the network between them is broken.`,
    tellApart: 'a connection to the database from inside an application pod',
    suggests: [],
  });
  draft.support(
    reading.logs('database-connection').evidenceId,
    0.45,
    `the application writes: ${lines[0]?.example ?? ''}`,
  );
  draft.support(answers.id, 0.2, 'the database answers SELECT 1 from elsewhere');
  return [draft];
}

function supportByLogs(reading: Reading, draft: Draft, weight: number): void {
  const logs = reading.logs('database-connection');
  const example = logs.patterns[0];
  if (example !== undefined)
    draft.support(
      logs.evidenceId,
      weight * logs.freshness,
      `${logs.count} log lines about database connections, e.g. "${example.example}"`,
    );
}
