import { deployThatBrought } from './database.ts';
import { changeWords, Draft, minutes, restartApplication, rollbackOf } from './draft.ts';
import type { DeployAfter, DeployBefore, Reading } from './reading.ts';
import { isRecent, podsOf, pool, sharesWord, slowStatement, tableOf } from './signals.ts';

/** Causes that come from outside the code: when one of them is well founded, a deploy nearby is a coincidence. */
const OUTSIDE = new Set([
  'provider-outage',
  'postgres-down',
  'postgres-unreachable',
  'redis-down',
  'traffic-surge',
  'node-down',
  'node-pressure',
  'lock-contention',
  'security-breach',
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
  return [...before, ...reading.deploysAfter.map((deploy) => tooLate(deploy))];
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
    draft.support(brought.id, 0.35, `a statement on ${brought.table ?? 'a table'} is slow and may have come with it`);
  const own = ownErrors(reading, draft, deploy, isApplication);
  const stuck = stuckPods(reading, draft, deployment);
  const leaks = others.some(
    (other) =>
      (other.cause === 'memory-leak' || other.cause === 'connection-leak') &&
      other.names[0] === deployment &&
      other.confidence >= WELL_FOUNDED,
  );
  if (leaks) draft.support(deploy.evidenceId, 0.25, `${deployment} uses more and more since`);

  const outside = others
    .filter((other) => OUTSIDE.has(other.cause) && other.confidence >= WELL_FOUNDED)
    .sort((a, b) => b.confidence - a.confidence)[0];
  const hasMechanism = brought !== null || own || stuck || leaks;
  if (outside !== undefined && !own && !stuck)
    draft.contradict(deploy.evidenceId, 0.65, `something else explains what is seen: ${outside.words}`);
  else if (!hasMechanism) explainedByNothing(reading, draft, isApplication, others);
  return draft;
}

function timingWeight(minutesBefore: number): number {
  if (minutesBefore <= 30) return 0.4;
  return minutesBefore <= 60 ? 0.3 : 0.2;
}

/** Errors that the code itself makes, other than those of what it depends on. */
function ownErrors(reading: Reading, draft: Draft, deploy: DeployBefore, isApplication: boolean): boolean {
  if (!isApplication && reading.found('worker-logs') === null) return false;
  const own = reading.logs('exception', 'fatal', 'other');
  const borrowed = reading.logs('database-connection', 'timeout', 'provider', 'rate-limit', 'cache', 'out-of-memory');
  const example = own.patterns[0];
  if (example === undefined || own.count < Math.max(3, borrowed.count * 0.2)) return false;
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
    own.count >= borrowed.count ? 0.45 : 0.25,
    `${own.count} log lines of errors of the code itself, e.g. "${example.example}"`,
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
function explainedByNothing(reading: Reading, draft: Draft, isApplication: boolean, others: readonly Draft[]): void {
  const symptom = reading.errorsHigh
    ? reading.found('error-rate')
    : reading.latencyHigh
      ? reading.found('latency')
      : null;
  const rival = others.find((other) => other.confidence >= WELL_FOUNDED);
  if (symptom === null) draft.contradict(draft.id, 0.6, 'neither errors nor slowness are measured');
  else if (rival !== undefined)
    draft.contradict(
      symptom.id,
      0.5,
      `nothing that fails comes from the deployed code, and there is another explanation: ${rival.words}`,
    );
  else if (isApplication)
    draft.support(symptom.id, 0.2, 'requests fail or are slow, and nothing else that was looked at explains it');
  else draft.contradict(symptom.id, 0.4, 'it is not the deployment that serves the requests that fail');
}

/** Said aloud, because somebody will ask: what came after the first symptom did not cause it. */
function tooLate(deploy: DeployAfter): Draft {
  const { deployment, revision, evidenceId } = deploy;
  const name = revision.change ?? revision.image;
  return new Draft({
    cause: 'bad-deploy',
    names: [deployment, name],
    words: `${deployment}: "${name}" was rolled out after the first symptom.`,
    tellApart: 'the instants of the rollout and of the first symptom',
    suggests: [],
  })
    .support(evidenceId, 0.2, `${deployment}: "${name}" was rolled out during the incident`)
    .contradict(evidenceId, 0.95, 'it came after the first symptom, so it is not its cause');
}
