import { SEVERITIES } from '../../../src/domain/severity.ts';
import type { DrillRun } from '../play-drill.ts';
import { durationMs, durationWords } from '../schema-parts.ts';
import { answerChecks } from './answers.ts';
import { causeChecks } from './causes.ts';
import { customerMailChecks } from './customer-mails.ts';
import {
  allEvents,
  type Check,
  chatKinds,
  declaredIncidents,
  mailedContacts,
  pagedContacts,
  publicStates,
} from './evidence.ts';
import { alsoChecks } from './extra-checks.ts';
import { type Minutes, minutesOf } from './measures.ts';
import { productionChanges } from './production-changes.ts';
import { brokenPromises } from './promises.ts';

type Expect = DrillRun['drill']['expect'];

/** One check for each line of `expect`, and for whether the drill came to its end. */
export function expectationChecks(drillRun: DrillRun): readonly Check[] {
  const { expect } = drillRun.drill;
  return [
    ending(drillRun),
    ...existence(drillRun, expect),
    ...causeChecks(drillRun),
    ...remedies(drillRun, expect),
    ...times(drillRun, expect),
    ...messages(drillRun, expect),
    ...answerChecks(drillRun),
    ...(expect.also ?? []).flatMap((what) => alsoChecks(drillRun, what)),
  ];
}

function check(name: string, expected: unknown, actual: unknown, passed: boolean): Check {
  return { check: name, expected, actual, passed };
}

function ending({ drill, played, peopleCouldNot }: DrillRun): Check {
  const wanted = 'state' in drill.until ? `all ${drill.until.state}` : `after ${durationWords(drill.until.afterMs)}`;
  if (peopleCouldNot.length > 0) return check('every act of people', 'done', peopleCouldNot.join('; '), false);
  const actual = played.reached
    ? wanted
    : `not yet at ${new Date(played.endedAtMs).toISOString()} (limit ${durationWords(drill.limitMs)})`;
  return check('ends', wanted, actual, played.reached);
}

function existence(drillRun: DrillRun, expect: Expect): readonly Check[] {
  const declared = declaredIncidents(drillRun);
  const found: Check[] = [];
  if (expect.declared !== undefined)
    found.push(check('declared', expect.declared, declared.length > 0, declared.length > 0 === expect.declared));
  if (expect.incidents !== undefined)
    found.push(check('incidents', expect.incidents, declared.length, declared.length === expect.incidents));
  if (expect.severity !== undefined) {
    const seen = new Set(
      [...allEvents(drillRun, 'severity-assessed'), ...allEvents(drillRun, 'severity-set')].map(
        ({ severity }) => severity,
      ),
    );
    const highest = SEVERITIES.find((severity) => seen.has(severity)) ?? null;
    found.push(check('severity', expect.severity, highest, highest === expect.severity));
  }
  return found;
}

function remedies(drillRun: DrillRun, expect: Expect): readonly Check[] {
  const done = productionChanges(drillRun).map(({ action }) => action);
  const found: Check[] = [];
  if (expect.firstAction !== undefined) {
    const right = typeof expect.firstAction === 'string' ? [expect.firstAction] : expect.firstAction;
    found.push(
      check('firstAction', right.join(' or '), done[0] ?? 'none', right.includes((done[0] ?? 'none') as never)),
    );
  }
  if (expect.actions !== undefined) {
    found.push(check('actions', expect.actions.join(', '), done.join(', ') || 'none', inOrder(expect.actions, done)));
  }
  for (const never of expect.never ?? [])
    found.push(check(`never ${never}`, 'not done', done.includes(never) ? 'done' : 'not done', !done.includes(never)));
  return found;
}

function inOrder(wanted: readonly string[], done: readonly string[]): boolean {
  let from = 0;
  return wanted.every((action) => {
    const at = done.indexOf(action, from);
    from = at + 1;
    return at >= 0;
  });
}

function times(drillRun: DrillRun, expect: Expect): readonly Check[] {
  const minutes = drillRun.incidents.map((workflow) => minutesOf(workflow, drillRun));
  return Object.entries(expect.within ?? {}).flatMap(([name, limit]) => {
    if (limit === undefined) return [];
    const taken = minutes.map((one) => one[name as keyof Minutes]);
    const limitMinutes = durationMs(limit) / 60_000;
    const passed = taken.length > 0 && taken.every((one) => one !== null && one <= limitMinutes);
    const words =
      taken.map((one) => (one === null ? 'never' : durationWords(one * 60_000))).join(', ') || 'no incident';
    return [check(`${name} within`, limit, words, passed)];
  });
}

function messages(drillRun: DrillRun, expect: Expect): readonly Check[] {
  const found: Check[] = [];
  if (expect.promises !== undefined) {
    const broken = brokenPromises(drillRun);
    found.push(check('promises', 'kept', broken.join('; ') || 'kept', broken.length === 0));
  }
  if (expect.paged !== undefined) {
    const paged = pagedContacts(drillRun);
    found.push(
      check(
        'paged',
        expect.paged.join(', ') || 'nobody',
        paged.join(', ') || 'nobody',
        sameMembers(expect.paged, paged),
      ),
    );
  }
  if (expect.mailed !== undefined) {
    const mailed = mailedContacts(drillRun);
    found.push(
      check(
        'mailed',
        expect.mailed.join(', '),
        mailed.join(', ') || 'nobody',
        expect.mailed.every((one) => mailed.includes(one)),
      ),
    );
  }
  const { statusPage, slack, customerEmail } = expect.published ?? {};
  if (statusPage !== undefined)
    found.push(published('published on the status page', statusPage, publicStates(drillRun)));
  if (slack !== undefined) found.push(published('published in Slack', slack, chatKinds(drillRun), true));
  if (customerEmail !== undefined)
    found.push(...customerMailChecks(drillRun, typeof customerEmail === 'string' ? [customerEmail] : customerEmail));
  return found;
}

function published(name: string, wanted: 'none' | readonly string[], seen: readonly string[], atLeast = false): Check {
  const list = wanted === 'none' ? [] : wanted;
  const passed =
    list.length === 0
      ? seen.length === 0
      : atLeast
        ? inOrder(list, seen)
        : inOrder(list, seen) && list.at(-1) === seen.at(-1);
  return check(name, list.join(', ') || 'none', seen.join(', ') || 'none', passed);
}

function sameMembers(wanted: readonly string[], seen: readonly string[]): boolean {
  return wanted.length === seen.length && [...wanted].sort().join() === [...seen].sort().join();
}
