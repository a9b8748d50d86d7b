import { configRules } from './config.ts';
import { changeWords, Draft, deployNames, minutes, remedy, rollbackOf, target } from './draft.ts';
import { nodeRules } from './node.ts';
import type { Reading } from './reading.ts';
import { alertNaming, beganWith, podsOf, recentDeploy, surge } from './signals.ts';

/** Pods that wait for something that will not come by itself. */
const STUCK =
  /CrashLoopBackOff|ImagePullBackOff|ErrImagePull|InvalidImageName|CreateContainer(Config)?Error|RunContainerError|Unschedulable|Pending/;
const OOM = /OOMKilled/;

export function clusterRules(reading: Reading): readonly Draft[] {
  return [...memoryLeak(reading), ...podsStuck(reading), ...nodeRules(reading), ...configRules(reading)];
}

function deploymentNames(reading: Reading): readonly string[] {
  const { application, companions } = reading.policy.service;
  const seen = reading.found('rollouts')?.finding.deployments.map((deployment) => deployment.name) ?? [];
  return [...new Set([application.deployment, ...companions.map((companion) => companion.deployment), ...seen])];
}

function memoryLeak(reading: Reading): readonly Draft[] {
  const pods = reading.found('pods');
  const resources = reading.found('resources');
  const { memoryNearLimitRatio } = reading.policy.diagnosis;
  return deploymentNames(reading).flatMap((deployment) => {
    const killed = podsOf(pods, deployment).filter((pod) =>
      OOM.test(`${pod.lastTermination ?? ''} ${pod.problem ?? ''}`),
    );
    const near = (resources?.finding.pods ?? []).filter(
      (pod) =>
        pod.name.startsWith(`${deployment}-`) &&
        pod.memoryLimitMiB !== null &&
        pod.memoryMiB >= pod.memoryLimitMiB * memoryNearLimitRatio,
    );
    if (killed.length === 0 && near.length === 0) return [];
    const recent = recentDeploy(reading, deployment);
    const climbedAt = resources?.finding.memoryRoseAt ?? null;
    const deploy = recent !== null && climbedAt !== null && !beganWith(recent, climbedAt) ? null : recent;
    const on = target(reading, 'deployment', deployment);
    const draft = new Draft({
      cause: 'memory-leak',
      names: [deployment, ...deployNames(deploy)],
      words: `${deployment} uses more memory than it may${killed.length > 0 ? ` and ${killed.length} of its pods were killed for it` : ''}${deploy === null ? '' : `, since ${changeWords(deploy)} as far as the timing says`}.`,
      tellApart: `whether the memory of ${deployment} rises while traffic does not`,
      suggests: [
        ...rollbackOf(reading, deploy),
        remedy('memory-limit', on, 'a higher limit buys time; the leak is still there', false, {
          memory: reading.policy.playbooks.memoryLimit,
        }),
        remedy('replace-pods', on, 'new pods begin with little memory, for a while', false),
      ],
    });
    if (pods !== null && killed.length > 0)
      draft.support(pods.id, 0.6 * pods.freshness, `${killed.map((pod) => pod.name).join(', ')}: OOMKilled`);
    if (resources !== null && near.length > 0)
      draft.support(
        resources.id,
        0.45 * resources.freshness,
        `${near.map((pod) => pod.name).join(', ')}: memory is at ${percentOf(near[0])} of its limit`,
      );
    const told = alertNaming(reading, ['pod', 'deployment'], (name) => name.startsWith(deployment));
    if (told !== null && /memory|OOM/i.test(`${told.name} ${told.summary}`))
      draft.support(`alert:${told.fingerprint}`, 0.2, `it was reported: "${told.summary}"`);
    const logs = reading.logs('out-of-memory');
    if (logs.count > 0)
      draft.support(
        logs.evidenceId,
        0.25,
        `${logs.count} log lines about memory, e.g. "${logs.patterns[0]?.example ?? ''}"`,
      );
    const traffic = surge(reading);
    if (traffic !== null && traffic.ratio >= reading.policy.diagnosis.surgeAboveBaselineRatio)
      draft.contradict(
        traffic.id,
        0.35,
        `traffic is ${traffic.ratio.toFixed(1)} times its baseline, which takes memory too`,
      );
    return [draft];
  });
}

function percentOf(pod: { readonly memoryMiB: number; readonly memoryLimitMiB: number | null } | undefined): string {
  return pod?.memoryLimitMiB ? `${Math.round((100 * pod.memoryMiB) / pod.memoryLimitMiB)}%` : 'near all';
}

function podsStuck(reading: Reading): readonly Draft[] {
  const pods = reading.found('pods');
  return deploymentNames(reading).flatMap((deployment) => {
    const stuck = podsOf(pods, deployment).filter((pod) => STUCK.test(`${pod.problem ?? ''} ${pod.phase}`));
    const first = stuck[0];
    if (pods === null || first === undefined) return [];
    const deploy = recentDeploy(reading, deployment) ?? null;
    const reason = first.problem ?? first.phase;
    const draft = new Draft({
      cause: 'pods-stuck',
      names: [deployment, reason, ...deployNames(deploy)],
      words: `${stuck.length} pods of ${deployment} do not start (${reason})${deploy === null ? '' : `, since ${changeWords(deploy)}`}.`,
      tellApart: `the events and the last log lines of ${first.name}`,
      suggests: rollbackOf(reading, deploy),
    });
    draft.support(pods.id, 0.6 * pods.freshness, `${stuck.map((pod) => pod.name).join(', ')}: ${reason}`);
    if (deploy !== null)
      draft.support(
        deploy.evidenceId,
        0.3,
        `${changeWords(deploy)} was rolled out ${minutes(deploy.minutesBefore)} before the first symptom`,
      );
    if (stuck.some((pod) => OOM.test(pod.lastTermination ?? '')))
      draft.contradict(pods.id, 0.5, 'they were killed for memory');
    return [draft];
  });
}
