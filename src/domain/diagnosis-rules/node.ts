import { Draft, remedy, target } from './draft.ts';
import type { Reading } from './reading.ts';
import { alertNaming } from './signals.ts';

/** A node at this much of its processor or memory has nothing left for anybody. */
const EXHAUSTED_PERCENT = 95;
/** So many nodes gone at once are not several accidents but one: the zone, the network or the cluster. */
const NODES_GONE_TOGETHER = 2;

/** Machines below the service (R2.0, R2.3), and what is below the machines. */
export function nodeRules(reading: Reading): readonly Draft[] {
  return [...nodesInTrouble(reading), ...infrastructure(reading), ...namesDoNotResolve(reading)];
}

function nodesInTrouble(reading: Reading): readonly Draft[] {
  const found = reading.found('nodes');
  const resources = reading.found('resources');
  const gone = found?.finding.nodes.filter((node) => !node.ready) ?? [];
  const hot = exhausted(reading);
  return (found?.finding.nodes ?? []).flatMap((node) => {
    const busy = hot.get(node.name) ?? null;
    if (found === null || (node.ready && node.problems.length === 0 && busy === null)) return [];
    const draft = node.ready ? pressed(reading, node.name, node.problems, busy) : down(reading, node.name);
    if (node.problems.length > 0)
      draft.support(
        found.id,
        (node.ready ? 0.5 : 0.6) * found.freshness,
        node.ready ? `${node.name}: ${node.problems.join(', ')}` : `${node.name} is not ready`,
      );
    if (!node.ready && gone.length >= NODES_GONE_TOGETHER)
      draft.contradict(found.id, 0.5, `${gone.length} nodes went together, which is no accident of one`);
    if (resources !== null && busy !== null)
      draft.support(resources.id, (node.problems.length > 0 ? 0.2 : 0.5) * resources.freshness, busy);
    return [draft];
  });
}

function down(reading: Reading, name: string): Draft {
  const draft = new Draft({
    cause: 'node-down',
    names: [name],
    words: `Node ${name} is down.`,
    tellApart: `the conditions and the events of ${name}`,
    suggests: [movePodsAway(reading, name)],
  });
  return supportByPodsAndAlerts(reading, draft, name);
}

function pressed(reading: Reading, name: string, problems: readonly string[], busy: string | null): Draft {
  const draft = new Draft({
    cause: 'node-pressure',
    names: [name],
    words: `Node ${name} is under pressure: ${problems.length > 0 ? problems.join(', ') : (busy ?? '')}.`,
    tellApart: `the conditions and the events of ${name}`,
    suggests: [movePodsAway(reading, name)],
  });
  return supportByPodsAndAlerts(reading, draft, name);
}

function movePodsAway(reading: Reading, name: string) {
  const application = target(reading, 'deployment', reading.policy.service.application.deployment);
  return remedy('replace-pods', application, `pods move away from ${name}; the node itself needs a person`, true, {
    awayFromNode: name,
  });
}

function supportByPodsAndAlerts(reading: Reading, draft: Draft, name: string): Draft {
  const pods = reading.found('pods');
  const touched = pods?.finding.pods.filter((pod) => pod.node === name && (!pod.ready || pod.problem !== null)) ?? [];
  if (pods !== null && touched.length > 0)
    draft.support(pods.id, 0.3, `${touched.length} pods on ${name} are in trouble`);
  const told = alertNaming(reading, ['node', 'instance'], (value) => value === name);
  if (told !== null) draft.support(`alert:${told.fingerprint}`, 0.25, `it was reported: "${told.summary}"`);
  return draft;
}

/** Nodes that have nothing left while others have: when all are busy it is the traffic. */
function exhausted(reading: Reading): ReadonlyMap<string, string> {
  const nodes = reading.found('resources')?.finding.nodes ?? [];
  const hot = nodes.filter((node) => Math.max(node.cpuPercent, node.memoryPercent) >= EXHAUSTED_PERCENT);
  if (hot.length === nodes.length && nodes.length > 1) return new Map();
  return new Map(
    hot.map((node) => [
      node.name,
      `${node.name} uses ${Math.round(node.cpuPercent)}% CPU and ${Math.round(node.memoryPercent)}% memory`,
    ]),
  );
}

/** Several machines at once: people have to look below them (R0.8 informs those who run the infrastructure). */
function infrastructure(reading: Reading): readonly Draft[] {
  const found = reading.found('nodes');
  const gone = found?.finding.nodes.filter((node) => !node.ready) ?? [];
  if (found === null || gone.length < NODES_GONE_TOGETHER) return [];
  const all = gone.length === found.finding.nodes.length;
  const draft = new Draft({
    cause: 'infrastructure-down',
    names: [all ? 'cluster' : 'zone', ...gone.map((node) => node.name)],
    words: all
      ? `All ${gone.length} nodes of the cluster are unreachable: what is below them has failed.`
      : `${gone.length} of ${found.finding.nodes.length} nodes are unreachable at once: a zone or its network has failed.`,
    tellApart: "the infrastructure provider's own status",
    suggests: [],
  });
  return [draft.support(found.id, 0.8 * found.freshness, `${gone.map((node) => node.name).join(', ')} are not ready`)];
}

function namesDoNotResolve(reading: Reading): readonly Draft[] {
  const logs = reading.logs('name-resolution');
  const example = logs.patterns[0];
  if (example === undefined || !reading.errorsHigh) return [];
  const draft = new Draft({
    cause: 'infrastructure-down',
    names: ['dns'],
    words: 'Names do not resolve inside the cluster, so that nothing finds what it depends on.',
    tellApart: 'a look-up from inside a pod, and the pods of the cluster DNS',
    suggests: [],
  });
  return [draft.support(logs.evidenceId, 0.7 * logs.freshness, `${logs.count} log lines, e.g. "${example.example}"`)];
}
