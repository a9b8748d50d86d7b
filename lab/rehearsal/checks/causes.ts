import { concurrentFaults, type Hypothesis } from '../../../src/domain/diagnosis.ts';
import type { DrillRun } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { type Check, eventsOf, ofOtherServices } from './evidence.ts';

interface Cause {
  readonly kind: string;
  readonly names?: readonly string[] | undefined;
}

/**
 * Each incident is judged by the explanation that it acted on first, and that one has to be a cause that is wanted.
 * Only where one incident stands for several faults may the others be found later: when they lead, or when people are
 * told that they are there as well; never as one guess of a list.
 */
export function causeChecks(drillRun: DrillRun): readonly Check[] {
  const { expect } = drillRun.drill;
  const wanted: readonly Cause[] = [...(expect.cause === undefined ? [] : [expect.cause]), ...(expect.causes ?? [])];
  if (wanted.length === 0) return [];
  const { incidents } = drillRun;
  const first = incidents.flatMap((workflow) => judgedCause(workflow) ?? []);
  const others = ofOtherServices(drillRun).length;
  const further =
    incidents.length - others < wanted.length
      ? incidents.flatMap((workflow) => toldCauses(workflow, wanted.length))
      : [];
  const found = [...first, ...further.filter((one) => !first.some(({ id }) => id === one.id))];
  const right = (one: Hypothesis) => wanted.some((cause) => explains(drillRun, one, cause));
  const wrong = first.filter((one) => one.cause !== 'unknown' && !right(one));
  return [
    ...wanted.map((cause): Check => {
      const passed = found.some((one) => explains(drillRun, one, cause));
      return { check: 'cause', expected: words(cause), actual: listed(found), passed };
    }),
    ...wrong.map((one): Check => {
      const expected = wanted.map(words).join(' or ');
      return { check: 'cause acted on first', expected, actual: listed([one]), passed: false };
    }),
  ];
}

/** The explanation ranked first when the first remedy was proposed, or the last one when none was. */
export function judgedCause(workflow: TrackedWorkflow): Hypothesis | null {
  let current: Hypothesis | null = null;
  for (const event of workflow.timeline) {
    if (event.kind === 'explained') current = event.hypotheses[0] ?? current;
    const proposed =
      event.kind === 'approval-requested' && event.approval.options.some((option) => option.plan !== null);
    if ((proposed || event.kind === 'remedy-intended') && current !== null) return current;
  }
  return current;
}

/** Every explanation that was told as a fact at some time, as it was believed most; more than `most` at once are guesses. */
function toldCauses(workflow: TrackedWorkflow, most: number): readonly Hypothesis[] {
  const told = new Map<string, Hypothesis>();
  for (const { hypotheses } of eventsOf(workflow, 'explained')) {
    const beside = concurrentFaults(hypotheses);
    for (const one of [...hypotheses.slice(0, 1), ...(beside.length < most ? beside : [])]) {
      if (one.cause === 'unknown') continue;
      if (one.confidence > (told.get(one.id)?.confidence ?? 0)) told.set(one.id, one);
    }
  }
  return [...told.values()];
}

function explains(drillRun: DrillRun, one: Hypothesis, { kind, names = [] }: Cause): boolean {
  return (
    kindsThatAreRight(drillRun, kind).has(one.cause) &&
    names.every((name) => one.names.some((given) => given.toLowerCase().includes(name.toLowerCase())))
  );
}

/** A deploy that carried a mechanism is that mechanism too, and the other way round. */
function kindsThatAreRight({ environment }: DrillRun, kind: string): ReadonlySet<string> {
  const truths = environment.production.world
    .truths()
    .filter(({ kinds }) => (kinds as readonly string[]).includes(kind));
  return new Set([kind, ...truths.flatMap(({ kinds }) => kinds)]);
}

function words({ kind, names }: Cause): string {
  return `${kind}${names === undefined ? '' : ` (${names.join(', ')})`}`;
}

function listed(found: readonly Hypothesis[]): string {
  const each = found.map(
    ({ cause, names, confidence }) => `${cause} (${names.join(', ')}; ${Math.round(confidence * 100)}% sure)`,
  );
  return each.join('; ') || 'none';
}
