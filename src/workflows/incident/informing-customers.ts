import type { PreparedCustomerMail } from '../../activities/customers/api.ts';
import type { CustomerMailRecord, IncidentState } from '../../domain/incident.ts';
import { isBefore, plusMinutes } from '../../domain/instant.ts';
import { messageTemplatesFor } from '../../domain/message-templates.ts';
import { customerMail } from '../activity-calls.ts';
import { askApproval } from './approving.ts';
import type { IncidentRun } from './run.ts';

const TRY_AGAIN_MINUTES = 5;
/** A mail server that stays away is not waited for longer than this. */
const TRIES = 48;
const BATCHES = 2_000;
const SUBJECT_CHARACTERS = 200;

type Kind = 'notification' | 'correction';
interface Edition {
  readonly id: string;
  readonly kind: Kind;
}

/**
 * Mail to the customers an incident hit (R4.5): after resolution, to affected ones only, once each, a text that a
 * person has seen and approved. When an incident that they were told is over comes back, they are told that too.
 */
export async function keepCustomersInformed(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    await run.agenda.waitFor(() => run.state.closed !== null || wanted(run) !== null);
    const edition = wanted(run);
    if (edition === null) continue;
    await tell(run, edition);
    await run.step(`customers/${edition.id}/ended`, async () => true);
  }
}

/** Tests of the mail that waits for approval, to whoever asked. */
export async function sendTestMails(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    await run.agenda.waitFor(() => run.state.closed !== null || testOwed(run.state) !== null);
    const mail = testOwed(run.state);
    if (mail !== null) await sendTest(run, mail);
  }
}

/** What customers are owed now; null when nothing is, or when this was dealt with. */
function wanted(run: IncidentRun): Edition | null {
  const { state, policy } = run;
  if (policy.customers === null || !concernsCustomers(run)) return null;
  const edition: Edition | null =
    state.resolved !== null
      ? { id: `resolved-${state.reopenings}`, kind: 'notification' }
      : state.reopenings > 0 && wereTold(state, `resolved-${state.reopenings - 1}`)
        ? { id: `reopened-${state.reopenings}`, kind: 'correction' }
        : null;
  return edition === null || `customers/${edition.id}/ended` in state.steps ? null : edition;
}

/** By its severity, also when that was lowered while it was already getting better: who was hit was hit. */
function concernsCustomers({ state, policy }: IncidentRun): boolean {
  if (policy.severities[state.severity].audiences.customers) return true;
  const { firstMitigatedAt, severityChangedAt } = state;
  const loweredLate = firstMitigatedAt !== null && !isBefore(severityChangedAt, firstMitigatedAt);
  return loweredLate && policy.severities[state.highestSeverity].audiences.customers;
}

function wereTold(state: IncidentState, edition: string): boolean {
  return state.customerMails?.some((mail) => mail.edition === edition && mail.sent > 0) ?? false;
}

async function tell(run: IncidentRun, edition: Edition): Promise<void> {
  const prepared = await run.step(`customers/${edition.id}/prepared`, () => prepare(run, edition));
  if (prepared === null || prepared.customers === 0) return;
  if (!(await isApproved(run, edition, prepared))) return;
  await sendAll(run, edition, prepared);
}

/** Nothing to prepare from (no directory, no metrics) is said and left to people: a mail is not guessed. */
async function prepare(run: IncidentRun, { id, kind }: Edition): Promise<PreparedCustomerMail | null> {
  const { state, policy } = run;
  if (policy.customers === null) return null;
  const answer = await run.attempt(
    customerMail('who was affected, and what are they told?').prepareCustomerMail({
      edition: id,
      kind,
      facts: run.facts(),
      texts: messageTemplatesFor(policy.communication, [{ medium: 'customers', what: kind }]),
      customers: policy.customers,
      fromAt: state.detectedAt,
      untilAt: state.resolved?.at ?? run.now(),
      at: run.now(),
    }),
  );
  if (!answer.ok) {
    run.record({ kind: 'trouble', where: 'customer mail', words: `No mail could be prepared: ${answer.words}` });
    return null;
  }
  const { subject, digest, customers, users, unsubscribed, withoutAddress, formula } = answer.value;
  const left = [
    unsubscribed === 0 ? [] : [`${unsubscribed} unsubscribed`],
    withoutAddress === 0 ? [] : [`${withoutAddress} without an address`],
  ].flat();
  const words = `${users} users had failed requests${left.length === 0 ? '' : `; left out: ${left.join(', ')}`}`;
  run.record({ kind: 'customer-mail-prepared', edition: id, subject, digest, customers, words, formula });
  return { ...answer.value, subject: subject.slice(0, SUBJECT_CHARACTERS) };
}

async function isApproved(run: IncidentRun, { id, kind }: Edition, mail: PreparedCustomerMail): Promise<boolean> {
  const preview = `Mail to ${mail.customers} affected customer${mail.customers === 1 ? '' : 's'}: "${mail.subject}". \`test-mail\` sends it to you first.`;
  const over = kind === 'notification' ? 'the incident is open again' : 'the incident is resolved again';
  const stands = () => (kind === 'notification') === (run.state.resolved !== null);
  const granted = await askApproval(run, {
    id: `customers.${id}`,
    why: 'Mail to customers needs a person (R4.5).',
    options: [{ name: 'publish-email', plan: null, preview, shown: mail.text, shownDigest: mail.digest }],
    approver: 'commander',
    obsolete: () => (run.state.closed !== null ? 'the incident is closed' : stands() ? null : over),
  });
  return granted !== null;
}

/** Batch by batch until nobody is left; what was begun goes on although the incident reopens: half a mailing helps nobody. */
async function sendAll(run: IncidentRun, { id }: Edition, { digest }: PreparedCustomerMail): Promise<void> {
  const { customers } = run.policy;
  if (customers === null) return;
  let failures = 0;
  for (let batch = 0; batch < BATCHES && recordOf(run, id)?.left !== 0; batch += 1) {
    const input = { incidentId: run.state.incidentId, edition: id, digest, customers, at: run.now() };
    const answer = await run.trackInFlight(() =>
      run.attempt(customerMail('mail to customers').sendCustomerMails(input)),
    );
    if (answer.ok) {
      run.record({ kind: 'customer-mail-progress', edition: id, ...answer.value });
      continue;
    }
    failures += 1;
    run.record({
      kind: 'trouble',
      where: 'customer mail',
      words: `${answer.words} Tried again in ${TRY_AGAIN_MINUTES} minutes.`,
    });
    if (failures >= TRIES || run.state.closed !== null) return;
    await run.agenda.waitUntil(
      'mail to customers',
      plusMinutes(run.now(), TRY_AGAIN_MINUTES),
      () => run.state.closed !== null,
    );
  }
}

function recordOf(run: IncidentRun, edition: string): CustomerMailRecord | undefined {
  return run.state.customerMails?.find((mail) => mail.edition === edition);
}

function testOwed(state: IncidentState): CustomerMailRecord | null {
  return state.customerMails?.find((mail) => mail.testsAsked.length > mail.testsDone) ?? null;
}

async function sendTest(run: IncidentRun, mail: CustomerMailRecord): Promise<void> {
  const asked = mail.testsAsked[mail.testsDone];
  const { customers, people } = run.policy;
  const to = people.find((person) => person.id === asked?.by)?.email;
  const { edition, digest } = mail;
  if (asked === undefined || customers === null || to === undefined) {
    run.record({ kind: 'customer-mail-tested', edition, to: asked?.by ?? 'nobody', words: 'no address is known' });
    return;
  }
  const key = `${run.state.incidentId}/customers/${edition}/test/${asked.seq}`;
  const input = { incidentId: run.state.incidentId, edition, digest, customers, at: run.now(), to, key };
  const answer = await run.trackInFlight(() =>
    run.attempt(customerMail(`test to ${asked.by}`).testCustomerMail(input)),
  );
  run.record({ kind: 'customer-mail-tested', edition, to, words: answer.ok ? 'sent' : answer.words });
}
