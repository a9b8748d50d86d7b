import type { Delivery } from '../../activities/publication/api.ts';
import { earlierOf, isBefore } from '../../domain/instant.ts';
import { holderByPolicy, type OnCallHolder, type OnCallReading, onCallWords } from '../../domain/on-call.ts';
import type { Contact } from '../../domain/people.ts';
import { lookupActivities } from '../activity-calls.ts';
import { channelOf } from './communicating.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** Who holds these contacts now (R0.8), read at the moment of use; what is new is on the timeline. */
export async function readOnCall(run: IncidentRun, contacts: readonly Contact[]): Promise<readonly OnCallHolder[]> {
  const wanted = contacts.flatMap((contact) => {
    const source = run.policy.contacts[contact].onCall ?? null;
    return source === null ? [] : [{ contact, source }];
  });
  const reading = wanted.length === 0 ? NOTHING : await ask(run, wanted);
  if (wanted.length > 0) recordNews(run, reading);
  return contacts.map(
    (contact) =>
      reading.holders.find((holder) => holder.contact === contact) ?? holderByPolicy(contact, run.policy.people),
  );
}

const NOTHING: OnCallReading = { holders: [], troubles: [], until: null };

async function ask(
  run: IncidentRun,
  wanted: Parameters<ReturnType<typeof lookupActivities>['readOnCall']>[0]['wanted'],
): Promise<OnCallReading> {
  const answer = await run.trackInFlight(() =>
    run.attempt(lookupActivities('who is on call now?').readOnCall({ wanted })),
  );
  if (answer.ok) return answer.value;
  const holders = wanted.map(({ contact }) => holderByPolicy(contact, run.policy.people));
  return { holders, troubles: [`Who is on call could not be asked (${answer.words}).`], until: null };
}

function recordNews(run: IncidentRun, { holders, troubles, until: untilOfThese }: OnCallReading): void {
  const known = run.state.onCall;
  const ends = [known?.until, untilOfThese].flatMap((at) => at ?? []).filter((at) => isBefore(run.now(), at));
  const until = ends.length === 0 ? null : ends.reduce(earlierOf);
  const isNews = holders.some(({ contact, people, live }) => {
    const before = known?.holders.find((holder) => holder.contact === contact);
    return before === undefined || before.live !== live || before.people.join() !== people.join();
  });
  if (!isNews && (known?.until ?? null) === until) return;
  const byList = holders.some(({ live }) => !live) ? ['Where it is not said, the policy’s own list counts.'] : [];
  const words = [`On call now: ${onCallWords(holders, run.policy.contacts)}.`, ...troubles, ...byList].join(' ');
  run.record({ kind: 'on-call-read', holders, until, words });
}

/** The ids by which chat knows them. */
export function chatIdsOf(run: IncidentRun, holders: readonly OnCallHolder[]): readonly string[] {
  const ids = new Set(holders.flatMap(({ people }) => people));
  return run.policy.people.flatMap(({ id, chatId }) => (ids.has(id) && chatId !== null ? [chatId] : []));
}

/** Whoever is called into an incident finds themselves in its channel (R1.5). */
export async function inviteOnCall(run: IncidentRun, contacts: readonly Contact[]): Promise<void> {
  await publishRound(run, 'into the channel', invitation(run, await readOnCall(run, contacts)));
}

function invitation(run: IncidentRun, holders: readonly OnCallHolder[]): readonly Delivery[] {
  const inviteChatIds = chatIdsOf(run, holders);
  const channel = run.state.channel?.id;
  if (channel === undefined || inviteChatIds.length === 0) return [];
  const detail = holders.flatMap(({ people }) => people).join(', ');
  return [{ medium: 'chat', key: nextKey(run, 'invite'), what: 'invite', channel, inviteChatIds, detail }];
}

/** A shift that ends while the incident goes on: whoever comes next is told and called into the channel. */
export async function followShifts(run: IncidentRun): Promise<void> {
  const over = (): boolean => run.state.closed !== null || run.state.resolved !== null;
  while (run.state.closed === null) {
    const until = run.state.onCall?.until ?? null;
    const changed = (): boolean => over() || (run.state.onCall?.until ?? null) !== until;
    if (over()) await run.agenda.waitFor(() => !over() || run.state.closed !== null);
    else if (until === null) await run.agenda.waitFor(changed);
    else if ((await run.agenda.waitUntil('change of shift', until, changed)) === 'due') await changeShift(run);
  }
}

async function changeShift(run: IncidentRun): Promise<void> {
  const before = run.state.onCall?.holders ?? [];
  const holders = await readOnCall(
    run,
    before.map(({ contact }) => contact),
  );
  const news = holders.filter(({ contact, people }) => {
    const held = before.find((holder) => holder.contact === contact)?.people ?? [];
    return people.some((id) => !held.includes(id));
  });
  if (news.length === 0) return;
  const detail = `The shift has changed. On call now: ${onCallWords(news, run.policy.contacts)}.`;
  const channel = channelOf(run);
  const key = nextKey(run, 'shift');
  await publishRound(run, 'change of shift', [
    { medium: 'chat', key, what: 'note', channel, detail },
    ...invitation(run, news),
  ]);
}
