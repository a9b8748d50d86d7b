import type { Delivery } from '../../../activities/publication/api.ts';
import { CONTACTS, type Contact } from '../../../domain/people.ts';
import { assessSeverity, collectEvidence, explainAgain } from '../assessing.ts';
import { chatIdsOf, readOnCall } from '../on-call.ts';
import { nextKey, publishRound } from '../publishing.ts';
import type { IncidentRun } from '../run.ts';

/** Phase 1 (R1): classify, tell people, take the first look. All of it at once; nothing waits for anything else. */
export async function detection(run: IncidentRun): Promise<void> {
  if (run.state.severityReasons.length === 0) assessSeverity(run);
  await Promise.all([openForPeople(run), firstLook(run)]);
  if (run.state.phase === 'detection') {
    run.record({
      kind: 'phase-entered',
      phase: 'investigation',
      because: 'people are told and the first evidence is in',
    });
  }
}

/** Nobody waits to be called for the word of who is on call, which only the channel needs. */
async function openForPeople(run: IncidentRun): Promise<void> {
  if ('opening' in run.state.steps) return;
  await Promise.all([callPeople(run), openChannel(run)]);
  await run.step('opening', async () => true);
}

async function callPeople(run: IncidentRun): Promise<void> {
  await run.step('called', async () => {
    await publishRound(run, 'announcement, page and mail', callingRound(run));
    return true;
  });
}

function callingRound(run: IncidentRun): readonly Delivery[] {
  const { communication } = run.policy;
  const announce = [communication.incidentsChannel, communication.oncallChannel].map(
    (channel): Delivery => ({
      medium: 'chat',
      key: nextKey(run, `announcement ${channel}`),
      what: 'announcement',
      channel,
      detail: run.state.incidentId,
    }),
  );
  return [
    ...announce,
    ...firstPages(run),
    { medium: 'mail', key: nextKey(run, 'mail opened'), what: 'opened', to: communication.incidentMail, detail: null },
  ];
}

/** Invites everyone who was paged, including people the paging system paged on its own. */
async function openChannel(run: IncidentRun): Promise<void> {
  if (run.state.channel !== null) return;
  const { state, policy } = run;
  const called = firstPages(run).flatMap((delivery) => (delivery.medium === 'page' ? [delivery.contact] : []));
  if (state.alerts.some(({ alert }) => alert.alreadyPaged)) called.push('oncall-primary');
  const named = CONTACTS.filter((contact) => called.includes(contact) || (policy.contacts[contact].onCall ?? null));
  const holders = await readOnCall(run, named);
  await publishRound(run, 'channel', [
    {
      medium: 'chat',
      key: nextKey(run, 'channel'),
      what: 'open-channel',
      channelName: state.incidentId,
      topic: `${state.severity} ${state.title} · ${state.incidentId}`,
      inviteChatIds: chatIdsOf(
        run,
        holders.filter(({ contact }) => called.includes(contact)),
      ),
      bookmarks: policy.service.dashboards
        .slice(0, 6)
        .map((dashboard) => ({ title: dashboard.name, url: dashboard.url })),
    },
  ]);
}

/** The first step of the severity's paging; an alert that has paged already is not paged again (R1.4). */
function firstPages(run: IncidentRun): readonly Delivery[] {
  const first = run.policy.severities[run.state.severity].paging[0];
  if (first === undefined || first.afterMinutes > 0 || run.state.alerts.some((record) => record.alert.alreadyPaged))
    return [];
  return first.to.flatMap((contact) => pageOf(run, contact, 'the incident opened'));
}

/** The page of a contact, or nothing when policy gives no way to page them. */
export function pageOf(run: IncidentRun, contact: Contact, because: string): readonly Delivery[] {
  const service = run.policy.contacts[contact].pagingService;
  if (service === null) return [];
  const key = `${run.state.incidentId}/page/${contact}/${run.state.reopenings}`;
  return [{ medium: 'page', key, what: 'trigger', contact, pagingService: service, detail: because }];
}

async function firstLook(run: IncidentRun): Promise<void> {
  if (run.state.evidence['first-assessment'] !== undefined) return;
  const { firstAssessment, investigation } = run.policy.evidence.probes;
  await collectEvidence(run, 'first-assessment', [...firstAssessment, ...investigation]);
  explainAgain(run);
}
