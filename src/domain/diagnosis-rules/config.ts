import { secondsBetween } from '../instant.ts';
import { Draft, minutes, remedy, target } from './draft.ts';
import { ownFailures } from './own-errors.ts';
import { cameAfter, minutesBeforeSymptoms, type Reading } from './reading.ts';
import { failing } from './signals.ts';

/** New configuration works from the moment it is read, so one of half an hour ago is hardly a suspect. */
const AT_ONCE_MINUTES = 5;
const SOON_MINUTES = 15;

/** A changed configuration shortly before the first symptom (R2.11). What else explains them is held against it. */
export function configRules(reading: Reading): readonly Draft[] {
  const found = reading.found('config-changes');
  if (found === null) return [];
  return found.finding.changes.flatMap((change) => {
    const before = minutesBeforeSymptoms(reading, change.changedAt);
    if (before === null || before > reading.policy.diagnosis.recentDeployMinutes) return [];
    const draft = new Draft({
      cause: 'config-change',
      names: [change.configmap],
      words: `ConfigMap ${change.configmap} was changed by ${change.by} ${minutes(before)} before the first symptom.`,
      tellApart: `what was changed in ${change.configmap}`,
      suggests: [restoreConfig(reading, change.configmap)],
    });
    if (cameAfter(before))
      return [draft.contradict(found.id, 0.95, `${change.configmap} was changed after the first symptom`)];
    draft.support(
      found.id,
      before <= AT_ONCE_MINUTES ? 0.45 : before <= SOON_MINUTES ? 0.3 : 0.15,
      `${change.configmap} was changed ${minutes(before)} before the first symptom`,
    );
    const own = ownFailures(reading);
    if (own !== null)
      draft.support(
        own.evidenceId,
        0.3,
        `${own.count} errors of the application itself, e.g. "${own.patterns[0]?.example ?? ''}"`,
      );
    else if (reading.latencyHigh && !reading.errorsHigh)
      draft.support(reading.found('latency')?.id ?? found.id, 0.15, 'requests became slow');
    const { byWorkload, evidenceId } = failing(reading);
    if (own !== null && byWorkload.size > 1)
      draft.support(
        evidenceId,
        0.25,
        `${[...byWorkload.keys()].join(' and ')} fail alike, and both read configuration`,
      );
    return [draft];
  });
}

/** The configuration that was changed when something began to climb; null when none was or nobody knows when it began. */
export function configThatBrought(reading: Reading, climbedAt: string | null): string | null {
  if (climbedAt === null) return null;
  const change = (reading.found('config-changes')?.finding.changes ?? []).find(({ changedAt }) => {
    const before = secondsBetween(changedAt, climbedAt) / 60;
    return before >= -3 && before <= 13;
  });
  return change?.configmap ?? null;
}

export function restoreConfig(reading: Reading, configmap: string) {
  const on = target(reading, 'configmap', configmap);
  return remedy('restore-config', on, `taking the change of ${configmap} back takes the cause away`, true);
}
