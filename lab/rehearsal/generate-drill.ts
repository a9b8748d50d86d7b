import { stringify } from 'yaml';
import { ACTION_NAMES, type ActionName } from '../../src/domain/remedy.ts';
import { type FaultKind, type FaultSpec, namesOf } from '../simulation/faults/faults.ts';
import { Dice } from './generate/dice.ts';
import { APPLICATION, COMPANION, FAULT_DRAWS, type WrittenFault } from './generate/fault-draws.ts';

/** A random drill whose truth is known, in the published format. */
export interface GeneratedDrill {
  readonly name: string;
  readonly text: string;
  readonly plan: DrillPlan;
}

/** single: one fault · two: another fault beside it · benign: nothing that is an incident of the service. */
export type DrillPlan = 'single' | 'two' | 'benign';

/**
 * What a benign drill shows: noise alone; more customers than usual, whom the pods carry, without a deploy; deploys that
 * change nothing; metrics that cannot be read for a while; hardly any requests, so that shares are 0/0; stale and unrelated alerts.
 */
type BenignKind = (typeof BENIGN_KINDS)[number];

const BENIGN_KINDS = ['noise', 'spike', 'deploys', 'gap', 'no-traffic', 'stale-alerts'] as const;

/** What makes an incident by itself; the others come with something or are nothing. */
export const INCIDENT_KINDS: readonly [FaultKind, ...FaultKind[]] = [
  'bad-deploy',
  'slow-query',
  'connection-leak',
  'postgres-down',
  'postgres-unreachable',
  'redis-down',
  'cache-degraded',
  'provider-outage',
  'memory-leak',
  'traffic-surge',
  'slow-endpoint',
  'node-pressure',
  'node-down',
  'pods-stuck',
  'config-change',
  'canary-regression',
  'infrastructure-down',
  'data-corruption',
  'security-breach',
  'authentication-broken',
  'replica-lag',
  'replica-missing',
  'minor-bug',
];

/** Pairs that a person can tell apart from outside: neither hides the other's symptoms altogether. */
const PAIRS: readonly (readonly [FaultKind, FaultKind])[] = [
  ['provider-outage', 'slow-query'],
  ['bad-deploy', 'provider-outage'],
  ['provider-outage', 'redis-down'],
  ['cache-degraded', 'provider-outage'],
  ['config-change', 'provider-outage'],
  ['memory-leak', 'provider-outage'],
  ['pods-stuck', 'provider-outage'],
  ['node-down', 'provider-outage'],
  ['redis-down', 'slow-query'],
  ['security-breach', 'provider-outage'],
  ['postgres-down', 'replica-lag'],
  ['data-corruption', 'slow-query'],
];

/** Causes for which no machine may act: people do (drills.md). */
const PEOPLE_ONLY: readonly FaultKind[] = [
  'postgres-unreachable',
  'infrastructure-down',
  'data-corruption',
  'security-breach',
  'authentication-broken',
  'slow-endpoint',
  'replica-lag',
  'replica-missing',
  'minor-bug',
];
/** What mends an incident; the others see a permanent fix through. */
const FIXES: readonly ActionName[] = ['migrate', 'canary', 'promote'];
const REMEDIES = ACTION_NAMES.filter((name) => !FIXES.includes(name));
const FIRST_START_MS = Date.UTC(2026, 1, 2, 6);
const HOUR_MS = 3_600_000;

/** The drill of that number in the set of that seed: the same seed and number always give the same file. */
export function generateDrill(seed: number, index: number): GeneratedDrill {
  const dice = new Dice(seed, index);
  const plan = planOf(dice);
  const kinds = kindsOf(dice, plan, index);
  const faults = kinds.map((kind, position) => ({
    at: `${14 + 3 * position + dice.about(`fault-${position}`).whole('delay', 0, 4)}m`,
    ...drawn(dice.about(`fault-${position}`), kind, kinds),
  }));
  const benign = plan === 'benign' ? dice.one('benign', BENIGN_KINDS) : null;
  const noise = benign === null || benign === 'noise' ? noiseOf(dice, plan, faults) : benignFaults(dice, benign);
  const name = `${benign === null ? kinds.join('-and-') : `benign-${benign}`}-${seed}-${String(index).padStart(4, '0')}`;
  const drill = {
    drill: name,
    version: 1,
    about: `generated from seed ${seed}, number ${index}`,
    seed: dice.whole('seed', 1, 100_000),
    start: new Date(FIRST_START_MS + dice.whole('start', 0, 24 * 28) * HOUR_MS).toISOString().replace('.000Z', 'Z'),
    until: plan === 'benign' ? '2h' : 'resolved',
    limit: '24h',
    // Whatever a machine may be allowed to do by itself is allowed: of these it has to leave its hands.
    ...(benign === null ? {} : { set: { 'approvals.rollback': 'automatic' } }),
    world: {
      users: 20,
      ...(benign === 'no-traffic' ? { requestsPerMinute: 0.01 } : {}),
      ...(dice.chance('more-pods', 0.2) ? { deployments: { 'noa-mcp': { replicas: 4 } } } : {}),
    },
    faults: [...noise, ...faults].sort((a, b) => minutesOf(a.at) - minutesOf(b.at)),
    people: peopleOf(dice),
    ...(benign === 'gap' ? gapOf(dice) : wiresOf(dice)),
    expect: expectationOf(plan, faults),
  };
  return { name, text: stringify(drill, { lineWidth: 0 }), plan };
}

function planOf(dice: Dice): DrillPlan {
  const share = dice.share('plan');
  if (share < 0.08) return 'benign';
  return share < 0.26 ? 'two' : 'single';
}

function kindsOf(dice: Dice, plan: DrillPlan, index: number): readonly FaultKind[] {
  switch (plan) {
    case 'benign':
      return [];
    case 'two':
      return PAIRS[dice.whole('pair', 0, PAIRS.length - 1)] ?? [];
    case 'single':
      return [INCIDENT_KINDS[index % INCIDENT_KINDS.length] ?? INCIDENT_KINDS[0]];
  }
}

/** A replica that is behind matters when somebody wants to fail over to it: together the database does not come back. */
function drawn(dice: Dice, kind: FaultKind, kinds: readonly FaultKind[]): WrittenFault {
  const fault = FAULT_DRAWS[kind](dice);
  return kind === 'postgres-down' && kinds.includes('replica-lag') ? { ...fault, recovers: 'never' } : fault;
}

function noiseOf(dice: Dice, plan: DrillPlan, faults: readonly { readonly at: string }[]) {
  const count = plan === 'benign' ? dice.whole('noise', 1, 3) : dice.whole('noise', 0, 3);
  const first = Math.min(20, ...faults.map(({ at }) => minutesOf(at)));
  return Array.from({ length: count }, (_, position) => {
    const own = dice.about(`noise-${position}`);
    // Before, with or after the fault: timing alone must not decide.
    const at = Math.max(1, first + own.whole('at', -12, 9));
    return { at: `${at}m`, ...FAULT_DRAWS.noise(own) };
  });
}

function benignFaults(dice: Dice, kind: BenignKind) {
  const own = dice.about(kind);
  const at = (name: string) => `${own.whole(name, 5, 40)}m`;
  switch (kind) {
    case 'spike':
      return [
        {
          at: at('at'),
          kind: 'traffic-surge' as const,
          factor: own.number('factor', 1.2, 1.6, 1),
          source: 'customers',
          for: `${own.whole('for', 3, 25)}m`,
        },
      ];
    case 'deploys':
      return Array.from({ length: own.whole('count', 1, 3) }, (_, position) => ({
        at: at(`at-${position}`),
        ...FAULT_DRAWS.noise(own.about(`${position}`)),
        what: 'harmless-deploy',
        deployment: own.one(`deployment-${position}`, [APPLICATION, COMPANION]),
      }));
    case 'stale-alerts':
      return ['stale-alert', 'unrelated-alert', 'flapping-alert'].map((what) => ({
        at: at(what),
        kind: 'noise' as const,
        what,
      }));
    case 'noise':
    case 'gap':
    case 'no-traffic':
      return [];
  }
}

function gapOf(dice: Dice) {
  const own = dice.about('gap');
  const fault = own.one('fault', ['error-503', 'timeout', 'refused', 'malformed']);
  const at = `${own.whole('at', 5, 40)}m`;
  return { wires: [{ at, system: 'prometheus', fault, for: `${own.whole('for', 2, 20)}m` }] };
}

function peopleOf(dice: Dice) {
  const acknowledges = dice.chance('silent', 0.1) ? undefined : { after: `${dice.whole('acknowledges', 1, 12)}m` };
  return [
    {
      who: 'responder-1',
      roles: ['responder', 'commander', 'approver'],
      ...(acknowledges === undefined ? {} : { acknowledges }),
      approves: { what: '*', after: dice.one('approves', ['30s', '1m', '2m', '6m']) },
    },
    {
      who: 'manager-1',
      roles: ['engineering-manager', 'approver'],
      acknowledges: { after: '5m' },
      approves: { what: '*', after: '4m' },
    },
  ];
}

const WIRE_FAULTS = [
  { system: 'slack', fault: 'rate-limited', retryAfter: '20s' },
  { system: 'prometheus', fault: 'error-503' },
  { system: 'pagerduty', fault: 'error-500' },
  { system: 'kubernetes', fault: 'timeout' },
  { system: 'postgres', fault: 'refused' },
] as const;

function wiresOf(dice: Dice) {
  if (!dice.chance('wires', 0.15)) return {};
  const at = `${dice.whole('wire-at', 18, 30)}m`;
  return { wires: [{ at, ...dice.one('wire', WIRE_FAULTS), for: `${dice.whole('wire-for', 1, 4)}m` }] };
}

function expectationOf(plan: DrillPlan, faults: readonly WrittenFault[]) {
  if (plan === 'benign') return { never: REMEDIES };
  const causes = faults.map((fault) => {
    const names = namesOf(fault as unknown as FaultSpec);
    return names.length === 0 ? { kind: fault.kind } : { kind: fault.kind, names };
  });
  return {
    declared: true,
    ...(causes.length === 1 ? { cause: causes[0] } : { causes }),
    ...(faults.every(({ kind }) => PEOPLE_ONLY.includes(kind)) ? { never: REMEDIES } : {}),
  };
}

function minutesOf(at: string): number {
  return Number.parseInt(at, 10);
}
