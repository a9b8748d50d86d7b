import { questionOpen } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { QUESTION, questionAnswered } from '../deciding/questions.ts';
import { OBJECT } from '../deciding/roles.ts';
import { type ApprovalRecord, type IncidentState, openApprovals } from '../incident.ts';
import type { TimelineFact } from '../timeline.ts';

/** The migration that waits for its window may be named in any of these ways. */
const MIGRATION_NAMES: readonly string[] = ['migrate', 'migration', 'fix'];

export const callOff = decision({
  name: 'call-off',
  order: 220,
  verb: 'Call it off',
  about: 'Stop something that goes ahead unless somebody objects.',
  also: ['object', 'stop'],
  roles: OBJECT,
  beside: 'question',
  fields: { what: { ...QUESTION, label: 'What', alsoNamed: MIGRATION_NAMES }, because: BECAUSE },
  example: { what: 'mitigation-1', because: 'not during the sale' },
  possible: (state) => (migrationWaits(state) ? null : questionOpen(state)),
  problem(state, { what }) {
    if (isMigration(state, what) || openNamed(state, what) !== undefined) return null;
    const waiting = openApprovals(state).map((record) => record.approval.options[0]?.name);
    return `Nothing named ${what} is waiting. Waiting now: ${waiting.join(', ') || 'nothing'}.`;
  },
  decide(state, { what, because }, { who }) {
    const open = openNamed(state, what);
    const withdrawn: readonly TimelineFact[] =
      open === undefined
        ? []
        : [{ kind: 'approval-withdrawn', approvalId: open.approval.id, because: `${who} called it off: ${because}` }];
    const words = `${who} called the migration off: ${because}`;
    const stopped: readonly TimelineFact[] = isMigration(state, what)
      ? [{ kind: 'fix-progressed', stage: 'called-off', words, link: null }]
      : [];
    return { facts: [...withdrawn, ...stopped], effect: `${what} is called off.` };
  },
  answered: (facts, { what }) => questionAnswered(facts, what),
});

function openNamed(state: IncidentState, what: string): ApprovalRecord | undefined {
  return openApprovals(state).find(({ approval }) => approval.id === what || approval.options[0]?.name === what);
}

function migrationWaits(state: IncidentState): boolean {
  return state.permanentFix?.migration === 'waiting';
}

function isMigration(state: IncidentState, what: string): boolean {
  return migrationWaits(state) && MIGRATION_NAMES.includes(what);
}
