import { isBefore, plusMinutes, plusSeconds } from '../../../domain/instant.ts';
import { readActivities } from '../../activity-calls.ts';
import { askApproval } from '../approving.ts';
import { collectEvidence } from '../assessing.ts';
import { recoveryInput } from '../recovery.ts';
import { refiredSince } from '../relapse.ts';
import type { IncidentRun } from '../run.ts';

/**
 * Phase 5 (R5): mitigated is not resolved. It has to stay well for the time policy gives, the root cause is worked
 * out from evidence, and a person agrees that it is over. A relapse on the way ends it unresolved.
 */
export async function resolution(run: IncidentRun): Promise<void> {
  if (isOver(run)) return;
  if (run.state.phase !== 'resolution') {
    run.record({ kind: 'phase-entered', phase: 'resolution', because: run.state.mitigated?.words ?? 'mitigated' });
  }
  if (run.state.status !== 'monitoring')
    run.record({ kind: 'status-changed', status: 'monitoring', because: run.state.mitigated?.words ?? '' });
  const id = `r${run.state.round}`;
  if (!(await heldUp(run, id))) return;
  await run.step(`${id}.root-cause`, async () => {
    await collectEvidence(run, 'root-cause', run.policy.evidence.probes.rootCause);
    return true;
  });
  await proposeResolve(run, `${id}.resolve`);
}

/**
 * Watches for policy's hold time, then measures; an alert that fires again on the way is a reason to measure sooner. Two
 * looks in a row have to find it ill: alerts look minutes back, and what heals crosses the limit more than once.
 */
async function heldUp(run: IncidentRun, id: string): Promise<boolean> {
  const { mitigated } = run.state;
  if (mitigated === null) return false;
  const until = plusMinutes(mitigated.at, run.policy.verification.holdMinutes);
  let seenSince = mitigated.at;
  for (let look = 1; ; look += 1) {
    const refired = () => refiredSince(run.state, seenSince) !== null;
    await run.agenda.waitUntil('has it held?', until, () => isOver(run) || refired());
    if (isOver(run)) return false;
    const first = await run.step(`${id}.held${look}`, () => measure(run));
    const measured = first.recovered ? first : await lookAgain(run, `${id}.held${look}.again`);
    if (measured === null) return false;
    if (!measured.recovered) {
      relapse(run, measured.words);
      return false;
    }
    if (!isBefore(run.now(), until)) return true;
    seenSince = run.now();
  }
}

/** Null when it ended another way meanwhile. */
async function lookAgain(run: IncidentRun, step: string): Promise<Measured | null> {
  const at = await run.step(`${step}.at`, async () =>
    plusSeconds(run.now(), run.policy.verification.pollSeconds * POLLS_OF_DOUBT),
  );
  await run.agenda.waitUntil('is it really back?', at, () => isOver(run));
  if (isOver(run)) return null;
  const measured = await run.step(step, () => measure(run));
  return isOver(run) ? null : measured;
}

const POLLS_OF_DOUBT = 4;

interface Measured {
  readonly recovered: boolean;
  readonly words: string;
}

async function measure(run: IncidentRun): Promise<Measured> {
  const input = recoveryInput(run, run.policy.verification.pollSeconds);
  const answer = await run.attempt(readActivities('has it held?').measureRecovery(input));
  // Without a measurement nothing is claimed; the person who resolves is told so.
  return answer.ok ? answer.value : { recovered: true, words: `It could not be measured (${answer.words}).` };
}

async function proposeResolve(run: IncidentRun, id: string): Promise<void> {
  // It was measured to be well just now: only what fires after that is news.
  const since = await run.step(`${id}.since`, async () => run.now());
  const obsolete = () => (isOver(run) ? 'it ended another way' : refiredSince(run.state, since));
  const page = run.state.statusPageStatus === null ? '' : ' The status page then says resolved.';
  const preview = `Declare it resolved: ${run.state.mitigated?.words ?? 'well again'}${page}`;
  const why = `It has held for ${run.policy.verification.holdMinutes} minutes.`;
  const granted = await askApproval(run, {
    id,
    why,
    options: [{ name: 'resolve', plan: null, preview }],
    approver: 'commander',
    obsolete,
  });
  if (isOver(run)) return;
  const back = refiredSince(run.state, since);
  if (back !== null) return relapse(run, back);
  if (granted === null) {
    await run.agenda.waitFor(() => isOver(run) || refiredSince(run.state, since) !== null);
    return;
  }
  // People take their time to say yes, and relief may have worn off meanwhile: the world is asked just before it is told.
  const measured = await run.step(`${id}.still-well`, () => measure(run));
  if (isOver(run)) return;
  if (measured.recovered) declareResolved(run, id);
  else relapse(run, measured.words);
}

function declareResolved(run: IncidentRun, id: string): void {
  const helped = run.state.remedies.filter(({ round, helped }) => round === run.state.round && helped === true);
  const fix = helped.map((remedy) => remedy.plan.preview).join(' ') || 'No remediation was needed.';
  const verification = run.state.mitigated?.words ?? '';
  const by = run.state.approvals.find((record) => record.approval.id === id)?.decidedBy ?? 'policy';
  run.record({ kind: 'resolved', fix, verification, followUp: followUpWords(run, by) });
}

/** Honest about what is still there: a relief leaves the cause in place (S0 of R9). */
function followUpWords(run: IncidentRun, by: string): string {
  const last = run.state.remedies.filter((remedy) => remedy.helped === true).at(-1);
  const lasting =
    run.state.hypotheses[0]?.suggests.find((remedy) => remedy.action === last?.plan.action)?.lasting ?? true;
  const still =
    lasting || last === undefined ? '' : ` The cause is still there: ${run.state.hypotheses[0]?.words ?? ''}`;
  return `Agreed by ${by}.${still} Post-mortem follows.`;
}

function relapse(run: IncidentRun, words: string): void {
  run.record({ kind: 'relapsed', words: `It is back: ${words}` });
  run.record({ kind: 'status-changed', status: 'identified', because: 'it came back' });
}

function isOver(run: IncidentRun): boolean {
  return run.state.closed !== null || run.state.resolved !== null || run.state.mitigated === null;
}
