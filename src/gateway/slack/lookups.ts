import { mayDecide } from '../../domain/authority.ts';
import type { Field } from '../../domain/deciding/declare.ts';
import { holdsRole } from '../../domain/deciding/roles.ts';
import type { DecisionName } from '../../domain/decision.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import { incidentNamedBy, namedByPart } from '../../domain/incident-name.ts';
import type { Role } from '../../domain/people.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { GatewayOptions } from '../options.ts';

type Sources = Pick<GatewayOptions, 'store' | 'client' | 'people'>;

const LIST_LIMIT = 200;
const NAMES_SHOWN = 6;

export type FoundIncident =
  | { readonly ok: true; readonly incidentId: string }
  | { readonly ok: false; readonly words: string };

/**
 * The incident that somebody means: by a part of its name, else the one whose channel they write in, else the only
 * one that is open.
 */
export async function findIncident(
  { store }: Sources,
  reference: string | null,
  channelName: string,
): Promise<FoundIncident> {
  const wanted = reference?.replace(/^#/, '').toLowerCase() ?? null;
  if (wanted !== null && incidentNamedBy(wanted) === wanted) return { ok: true, incidentId: wanted };
  const open = (await store.projection.list({ state: 'open', limit: LIST_LIMIT })).map(({ incident, facts }) => ({
    id: incident.id,
    title: incident.title,
    channel: facts?.channelName ?? incident.id,
  }));
  if (wanted !== null) {
    const all = await store.projection.list({ state: 'all', limit: LIST_LIMIT });
    const named: readonly { readonly id: string }[] = all.map(({ incident }) => incident);
    const among = [open, named].map((incidents) => namedByPart(incidents, wanted));
    const [found] = among.find(({ length }) => length === 1) ?? [];
    return found === undefined
      ? { ok: false, words: `No single incident is called "${reference}". See them: /incident list all` }
      : { ok: true, incidentId: found.id };
  }
  const here = open.find(({ channel }) => channel === channelName);
  if (here !== undefined) return { ok: true, incidentId: here.id };
  const named = incidentNamedBy(channelName);
  if (named === channelName && named !== '') return { ok: true, incidentId: named };
  const [first, second] = open;
  if (first === undefined)
    return { ok: false, words: 'No incident is open. Open one: /incident create "what is wrong"' };
  if (second === undefined) return { ok: true, incidentId: first.id };
  const rows = open.slice(0, 10).map(({ id, title }) => `• ${id}: ${title}`);
  return {
    ok: false,
    words: `${open.length} incidents are open: which one? Name it, or write in its channel.\n${rows.join('\n')}`,
  };
}

/** As the incident itself says; where it does not answer, as it was shown last. `away`: it could not be asked. */
export async function factsOf(
  { store, client }: Sources,
  incidentId: string,
): Promise<{ readonly facts: IncidentFacts | null; readonly pinnedRef: string | null; readonly away: boolean }> {
  const asked = await client.state(incidentId);
  if (asked.ok) {
    const pinned = asked.value.state.steps['pinned-summary'];
    return { facts: asked.value.facts, pinnedRef: typeof pinned === 'string' ? pinned : null, away: false };
  }
  const projected = await store.projection.facts(incidentId);
  return { facts: projected?.facts ?? null, pinnedRef: null, away: asked.why === 'away' };
}

/** What people name in words of chat. */
export interface Lookups {
  /** A person's id from what was written (`@bob`, `<@U0BOB>`, `bob`); null when nobody is called so. */
  readonly personOf: (written: string) => Promise<string | null>;
  /** An incident's whole name from a part of it; null when none or several have it. */
  readonly incidentOf: (written: string) => Promise<string | null>;
}

export function lookupsOf(sources: Sources): Lookups {
  return {
    personOf: (written) => findPerson(sources, written),
    incidentOf: async (written) => {
      const found = await findIncident(sources, written, '');
      return found.ok ? found.incidentId : null;
    },
  };
}

type Found = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly words: string };

/** People and incidents are named in words of chat. */
export async function lookedUp({ kind }: Field, written: string, lookups: Lookups): Promise<Found> {
  if (kind !== 'person' && kind !== 'incident') return { ok: true, value: written };
  const value = kind === 'person' ? await lookups.personOf(written) : await lookups.incidentOf(written);
  if (value !== null) return { ok: true, value };
  const words =
    kind === 'person'
      ? `"${written}" is nobody of this team’s policy. Name them by @mention, or by the id of the policy.`
      : `No single incident is called "${written}". See them: /incident list`;
  return { ok: false, words };
}

/** `<@U0BOB|bob>`, `U0BOB`, `@bob`, `bob` or `Bob Baker`: the person's id, or null. */
async function findPerson({ people }: Sources, written: string): Promise<string | null> {
  const chatId = /^(?:<@([A-Z0-9]+)(?:\|[^>]*)?>|([UW][A-Z0-9]+))$/.exec(written);
  if (chatId !== null) return (await people.byChatId(chatId[1] ?? chatId[2] ?? ''))?.id ?? null;
  const name = written.replace(/^@/, '').toLowerCase();
  const all = await people.all();
  const found =
    all.find((person) => person.id.toLowerCase() === name) ?? all.find((person) => person.name.toLowerCase() === name);
  return found?.id ?? null;
}

/** Who may, for a refusal: names, not only roles, so that one knows whom to ask. */
export async function whoMay({ people }: Sources, name: DecisionName, approver: string | null): Promise<string> {
  const may = (person: PersonPolicy): boolean =>
    mayDecide(name, person.roles) === null && (approver === null || holdsRole(person.roles, approver as Role));
  const names = (await people.all()).filter(may).map((person) => person.name);
  if (names.length === 0) return 'Nobody of this team’s policy may; ask an admin.';
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `These may: ${names.slice(0, NAMES_SHOWN).join(', ')}${more}.`;
}
