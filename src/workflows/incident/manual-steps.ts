import { exactPercent } from '../../domain/format.ts';
import { type IncidentState, leadingCause, openApprovals, openLeases } from '../../domain/incident.ts';
import { clockTimeUtc, type Instant } from '../../domain/instant.ts';
import type { Policy } from '../../domain/policy.ts';

/** Paper mode (ADR 0019): where it stands and what is left to do, as plain commands, for when the engine is away. */
export function manualSteps(state: IncidentState, policy: Policy, now: Instant): string {
  return [
    `${state.incidentId} · ${state.severity} · ${state.title}`,
    `As of ${clockTimeUtc(now)} UTC: phase ${state.phase}, ${state.status}, led by ${state.commander ?? 'nobody yet'}.`,
    `Cause: ${leadingCause(state)?.words ?? 'not known'}`,
    '',
    ...section(
      'Done to production so far',
      state.remedies.map(
        (remedy) =>
          `${clockTimeUtc(remedy.intendedAt)} ${remedy.plan.command}\n    -> ${remedy.outcome?.readBack ?? 'not confirmed: look before doing it again'}`,
      ),
    ),
    ...section(
      'Waiting for a decision',
      openApprovals(state).flatMap(({ approval }) =>
        approval.options.map(
          (option) => `${option.name} (${approval.approver}): ${option.plan?.command ?? option.preview}`,
        ),
      ),
    ),
    ...section(
      'Temporary, to be taken back',
      openLeases(state).map(
        (record) =>
          `${record.lease.plan.preview} before ${record.expiresAt}; previous value ${JSON.stringify(record.lease.plan.before)}`,
      ),
    ),
    ...section(
      'Promised',
      state.promises
        .filter((record) => record.ended === null)
        .map((record) => `${clockTimeUtc(record.promise.dueAt)} UTC: ${record.promise.words}`),
    ),
    ...section('Remaining phases', remaining(state, policy)),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), ''];
}

function remaining(state: IncidentState, policy: Policy): readonly string[] {
  const { service, communication, verification } = policy;
  const steps: string[] = [];
  if (state.acknowledged === null) steps.push('Acknowledge the page and say in the channel that you have it.');
  if (state.mitigated === null) {
    steps.push(`kubectl get pods -n ${service.namespace} -o wide`);
    steps.push(`kubectl rollout history deployment/${service.application.deployment} -n ${service.namespace}`);
    steps.push(`Check error ratio: ${service.queries.errorRatio}`);
  }
  if (state.resolved === null)
    steps.push(
      `Watch it stay below ${exactPercent(verification.errorRatioBelow)} errors for ${verification.holdMinutes} minutes, then post RESOLVED in ${state.channel?.name ?? communication.incidentsChannel}.`,
    );
  if (state.statusPageStatus !== null && state.statusPageStatus !== 'resolved')
    steps.push(`Move the status page (${communication.statusPageUrl}) from ${state.statusPageStatus} to resolved.`);
  if (state.postMortem === null)
    steps.push(`Write the post-mortem; meeting at ${policy.review.meetingAt} on the next business day.`);
  return steps;
}
