import { ApplicationFailure } from '@temporalio/common';
import { earlierOf, type Instant } from '../../domain/instant.ts';
import { holderByPolicy, type OnCallReading } from '../../domain/on-call.ts';
import type { OnCallSource, PersonPolicy } from '../../domain/policy.ts';
import type { ReadOnCallInput } from './api.ts';
import type { OnCall, PagerDutyRest } from './rest.ts';

/** Live where PagerDuty says it, else by the policy's own list with a sentence why. */
export async function onCallNow(
  rest: Pick<PagerDutyRest, 'onCalls'> | null,
  people: readonly PersonPolicy[],
  wanted: ReadOnCallInput['wanted'],
): Promise<OnCallReading> {
  const calls = rest === null ? NOT_CONFIGURED : await listed(rest);
  if (typeof calls === 'string') {
    return { holders: wanted.map(({ contact }) => holderByPolicy(contact, people)), troubles: [calls], until: null };
  }
  const readings = wanted.map(({ contact, source }) => readingOf(contact, source, calls, people));
  return {
    holders: readings.map(({ holder }) => holder),
    troubles: readings.flatMap(({ troubles }) => troubles),
    until: earliest(readings.flatMap(({ until }) => until)),
  };
}

const NOT_CONFIGURED =
  'PagerDuty cannot be asked who is on call: PAGERDUTY_API_TOKEN and PAGERDUTY_FROM_EMAIL are not set.';
/** So many are called by one schedule or level; more is a mistake there. */
const HOLDERS_LIMIT = 10;

async function listed(rest: Pick<PagerDutyRest, 'onCalls'>): Promise<readonly OnCall[] | string> {
  try {
    return await rest.onCalls();
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return `PagerDuty does not say who is on call: ${error.message}`;
  }
}

type Contact = ReadOnCallInput['wanted'][number]['contact'];

function readingOf(contact: Contact, source: OnCallSource, calls: readonly OnCall[], people: readonly PersonPolicy[]) {
  const there = calls.filter((call) => isOf(call, source)).slice(0, HOLDERS_LIMIT);
  const ids = [...new Set(there.flatMap((call) => known(call, people)?.id ?? []))];
  const strangers = there.filter((call) => known(call, people) === null);
  const troubles = strangers.map(
    ({ name, email }) =>
      `PagerDuty names ${name}${email === null ? '' : ` (${email})`} for ${contact}, whom the policy does not know.`,
  );
  if (there.length === 0) troubles.push(`PagerDuty has nobody on call for ${wordsOf(source)} (${contact}).`);
  const holder = ids.length === 0 ? holderByPolicy(contact, people) : { contact, people: ids, live: true };
  return { holder, troubles, until: there.flatMap(({ until }) => until ?? []) };
}

/** Whether this is the turn of duty that the policy names. */
export function isOf({ schedule, escalationPolicy, level }: OnCall, source: OnCallSource): boolean {
  if ('schedule' in source) return schedule !== null && isNamed(schedule, source.schedule);
  return level === source.level && isNamed(escalationPolicy, source.escalationPolicy);
}

function isNamed({ id, name }: { readonly id: string; readonly name: string }, wanted: string): boolean {
  return id === wanted || name.toLowerCase() === wanted.toLowerCase();
}

/** By PagerDuty's id of the person, else by address. */
function known({ userId, email }: OnCall, people: readonly PersonPolicy[]): PersonPolicy | null {
  const same = (person: PersonPolicy): boolean => person.email.toLowerCase() === email?.toLowerCase();
  return people.find(({ pagingId }) => pagingId === userId) ?? people.find(same) ?? null;
}

function wordsOf(source: OnCallSource): string {
  if ('schedule' in source) return `the schedule ${source.schedule}`;
  return `level ${source.level} of the escalation policy ${source.escalationPolicy}`;
}

function earliest(instants: readonly Instant[]): Instant | null {
  return instants.length === 0 ? null : instants.reduce(earlierOf);
}
