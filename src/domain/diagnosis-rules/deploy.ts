import type { LogPattern } from '../evidence.ts';
import { exactPercent } from '../format.ts';
import { deployThatBrought } from './database.ts';
import { changeWords, Draft, minutes, restartApplication, rollbackOf } from './draft.ts';
import { failedOf, ownFailures, ownPatterns } from './own-errors.ts';
import type { DeployAfter, DeployBefore, Reading } from './reading.ts';
import { failing, isRecent, podsOf, pool, sharesWord, slowStatement, tableOf } from './signals.ts';

/** Causes that come from outside the code: when one of them is well founded, a deploy nearby is a coincidence. */
const OUTSIDE = new Set([
  'provider-outage',
  'postgres-down',
  'postgres-unreachable',
  'redis-down',
  'cache-degraded',
  'traffic-surge',
  'node-down',
  'node-pressure',
  'lock-contention',
  'security-breach',
  'data-corruption',
  'authentication-broken',
  'infrastructure-down',
]);
/** From this confidence on an outside cause explains the symptoms. */
const WELL_FOUNDED = 0.5;

/**
 * A deploy is a suspect by its timing, but guilty only by a mechanism: what fails has to come from the code that
 * was deployed. `others` are the explanations found so far; a good one from outside makes the deploy a coincidence.
 */
export function deployRules(reading: Reading, others: readonly Draft[]): readonly Draft[] {
  const before = reading.deploysBefore
    .filter((deploy) => isRecent(reading, deploy))
    .map((deploy) => suspect(reading, deploy, others));
  return [...before, ...reading.deploysAfter.map((deploy) => cameLater(reading, deploy))];
}

function suspect(reading: Reading, deploy: DeployBefore, others: readonly Draft[]): Draft {
  const { revision, deployment } = deploy;
  const isApplication = deployment === reading.policy.service.application.deployment;
  const statement = slowStatement(reading);
  const brought =
    statement !== null && deployThatBrought(reading, statement.query, statement.table)?.deployment === deployment
      ? statement
      : null;
  const relief =
    brought !== null && pool(reading)?.full === true && isApplication
      ? [
          restartApplication(
            reading,
            'a restart relieves the connection pool for minutes; the deployed change is still there',
          ),
        ]
      : [];
  const mechanism =
    brought === null
      ? ''
      : ` It brought a slow statement on ${tableOf(brought.query) ?? 'a table'}, which holds the database's connections.`;
  const draft = new Draft({
    cause: 'bad-deploy',
    names: [deployment, revision.change ?? revision.image, ...(brought?.table ? [brought.table] : [])],
    words: `${changeWords(deploy)} was rolled out ${minutes(deploy.minutesBefore)} before the first symptom.${mechanism}`,
    tellApart: `whether the errors began with the first pod of revision ${revision.revision} of ${deployment}`,
    suggests: [...rollbackOf(reading, deploy), ...relief],
  });
  draft.support(
    deploy.evidenceId,
    timingWeight(deploy.minutesBefore),
    `${changeWords(deploy)}, ${minutes(deploy.minutesBefore)} before the first symptom`,
  );
  if (brought !== null)
    draft.support(brought.id, 0.45, `a statement on ${brought.table ?? 'a table'} is slow and may have come with it`);
  const serves = servesWhatFails(reading, deployment);
  const own = serves !== false && ownErrors(reading, draft, deploy);
  const stuck = stuckPods(reading, draft, deployment);
  const leaks = others.some(
    (other) =>
      (other.cause === 'memory-leak' || other.cause === 'connection-leak') &&
      other.names[0] === deployment &&
      other.names.includes(revision.change ?? revision.image) &&
      other.confidence >= WELL_FOUNDED,
  );
  if (leaks) draft.support(deploy.evidenceId, 0.35, `${deployment} uses more and more since`);

  const outside = others
    .filter((other) => OUTSIDE.has(other.cause) && other.confidence >= WELL_FOUNDED)
    .sort((a, b) => b.confidence - a.confidence)[0];
  const hasMechanism = brought !== null || own || stuck || leaks;
  if (own && brought === null && !stuck && !leaks && outside === undefined) failsElsewhere(reading, draft, deployment);
  if (outside !== undefined && !own && !stuck)
    draft.contradict(deploy.evidenceId, 0.65, `something else explains what is seen: ${outside.words}`);
  else if (!hasMechanism) explainedByNothing(reading, draft, serves ?? isApplication, others);
  return draft;
}

/** Whether what fails or is slow is answered by this deployment; null when nobody can say. */
function servesWhatFails(reading: Reading, deployment: string): boolean | null {
  const troubled = reading.troubledWorkloads;
  return troubled === null || troubled.size === 0 ? null : troubled.has(deployment);
}

/** Requests that other workloads serve fail just as well: then something that they share is more probable. */
function failsElsewhere(reading: Reading, draft: Draft, deployment: string): void {
  const { byWorkload, evidenceId } = failing(reading);
  const all = [...byWorkload.values()].reduce((sum, perMinute) => sum + perMinute, 0);
  const elsewhere = all - (byWorkload.get(deployment) ?? 0);
  if (all <= 0 || elsewhere <= 0) return;
  const others = [...byWorkload.keys()].filter((name) => name !== deployment).join(', ');
  draft.contradict(
    evidenceId,
    elsewhere >= all / 2 ? 0.5 : 0.25,
    `${exactPercent(elsewhere / all)} of the failing requests are served by ${others}, which ${deployment} has no part in`,
  );
}

/**
 * New code fails from its first pod on, so a deploy half an hour before is hardly more suspicious than none, and one that
 * had begun only just before the first symptom can hardly have had a pod that served yet.
 */
function timingWeight(minutesBefore: number): number {
  if (minutesBefore < FIRST_POD_MINUTES) return 0.2;
  if (minutesBefore <= 5) return 0.4;
  if (minutesBefore <= 10) return 0.25;
  return minutesBefore <= 30 ? 0.2 : 0.12;
}

/** Three seconds: with its image at hand, a light process is started and found ready in little more. */
const FIRST_POD_MINUTES = 0.05;

/** Errors that the code itself makes, other than those of what it depends on. */
function ownErrors(reading: Reading, draft: Draft, deploy: DeployBefore): boolean {
  const own = ownFailures(reading, deploy.deployment);
  if (own === null) return false;
  // A pattern known since before the deploy is old noise.
  const older = own.patterns.filter(
    (pattern) => pattern.firstAt !== null && pattern.firstAt < deploy.revision.rolledOutAt,
  );
  if (older.length === own.patterns.length) {
    draft.contradict(own.evidenceId, 0.3, `the same errors were logged before ${deploy.deployment} was deployed`);
    return false;
  }
  draft.support(
    own.evidenceId,
    own.share >= 0.5 ? 0.45 : 0.25,
    `${own.count} log lines of errors of the code itself, e.g. "${own.patterns[0]?.example ?? ''}"`,
  );
  const shared = sharesWord(
    deploy.revision.change,
    own.patterns.map((pattern) => pattern.pattern),
  );
  if (shared !== null) draft.support(own.evidenceId, 0.2, `the change and the errors both speak of "${shared}"`);
  return true;
}

function stuckPods(reading: Reading, draft: Draft, deployment: string): boolean {
  const pods = reading.found('pods');
  const stuck = podsOf(pods, deployment).filter((pod) => pod.problem !== null && !/OOMKilled/.test(pod.problem));
  if (pods === null || stuck.length === 0) return false;
  draft.support(pods.id, 0.35, `${stuck.length} pods of ${deployment} do not start`);
  return true;
}

/** No mechanism and no other cause: with errors or slowness all the same, the latest change is the best guess. */
function explainedByNothing(reading: Reading, draft: Draft, serves: boolean, others: readonly Draft[]): void {
  const symptom = reading.errorsHigh
    ? (reading.found('error-rate') ?? reading.found('endpoints'))
    : reading.latencyHigh
      ? reading.found('latency')
      : reading.troubledWorkloads !== null && reading.troubledWorkloads.size > 0
        ? reading.found('slow-endpoints')
        : null;
  const rival = others.find((other) => other.confidence >= WELL_FOUNDED);
  if (symptom === null) draft.contradict(draft.id, 0.8, 'neither errors nor slowness are measured');
  else if (rival !== undefined)
    draft.contradict(
      symptom.id,
      0.5,
      `nothing that fails comes from the deployed code, and there is another explanation: ${rival.words}`,
    );
  else if (serves)
    draft.support(symptom.id, 0.2, 'requests fail or are slow, and nothing else that was looked at explains it');
  else draft.contradict(symptom.id, 0.6, 'it is not the deployment that serves the requests that fail');
}

/**
 * Said aloud, because somebody will ask: what came after the first symptom did not cause it. It can have added a
 * second trouble, though, when errors of the code appear that no look before it saw.
 */
function cameLater(reading: Reading, deploy: DeployAfter): Draft {
  const { deployment, revision, evidenceId } = deploy;
  const name = revision.change ?? revision.image;
  const added = errorsSince(reading, deploy);
  const before = reading.deploysBefore.find((one) => one.deployment === deployment) ?? null;
  const draft = new Draft({
    cause: 'bad-deploy',
    names: [deployment, name],
    words:
      added === null
        ? `${deployment}: "${name}" was rolled out after the first symptom.`
        : `${deployment}: "${name}" was rolled out during the incident and added errors of its own.`,
    tellApart: 'the instants of the rollout and of the first symptom',
    suggests:
      added === null
        ? []
        : rollbackOf(reading, { ...deploy, good: before?.revision ?? null, live: true, minutesBefore: 0 }),
  });
  draft.support(evidenceId, 0.2, `${deployment}: "${name}" was rolled out during the incident`);
  if (added === null)
    return draft.contradict(evidenceId, 0.95, 'it came after the first symptom, so it is not its cause');
  return draft.support(added.evidenceId, 0.5, `errors that were not there before it, e.g. "${added.pattern.example}"`);
}

/** Failing lines of the code itself that the looks before a rollout did not have and the newest one has. */
function errorsSince(
  reading: Reading,
  deploy: DeployAfter,
): { readonly evidenceId: string; readonly pattern: LogPattern } | null {
  const { bundles } = reading.input;
  const earlier = bundles.filter((bundle) => bundle.collectedAt < deploy.revision.rolledOutAt);
  const known = new Set(earlier.flatMap((bundle) => ownPatterns(bundle).map(({ pattern }) => pattern)));
  const newest = bundles.at(-1);
  if (earlier.length === 0 || newest === undefined || newest.collectedAt <= deploy.revision.rolledOutAt) return null;
  const item = newest.items.find(({ finding }) => finding.probe === 'service-logs' || finding.probe === 'worker-logs');
  const added = ownPatterns(newest).find((pattern) => !known.has(pattern.pattern) && failedOf(pattern) >= 3);
  return item === undefined || added === undefined ? null : { evidenceId: item.id, pattern: added };
}
