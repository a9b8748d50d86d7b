import { mayDecide } from '../../domain/authority.ts';
import { holdsRole } from '../../domain/deciding/roles.ts';
import type { DecisionName } from '../../domain/decision.ts';
import type { FactSet } from '../../domain/fact-set.ts';
import { incidentNamedBy } from '../../domain/incident-name.ts';
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
    const found =
      only(open, wanted) ??
      only(
        all.map(({ incident }) => incident),
        wanted,
      );
    return found === null
      ? { ok: false, words: `No single incident is called "${reference}". See them: /incident list all` }
      : { ok: true, incidentId: found };
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

function only(incidents: readonly { readonly id: string }[], part: string): string | null {
  const fitting = incidents.filter(({ id }) => id.includes(part));
  // `1430` means incident-…-1430 rather than incident-…-1430-2, whose name has it too.
  const exact = fitting.filter(({ id }) => id === part || id.endsWith(`-${part}`));
  const chosen = exact.length === 1 ? exact : fitting;
  return chosen.length === 1 ? (chosen[0]?.id ?? null) : null;
}

/** As the incident itself says; where it does not answer, as it was shown last. `away`: it could not be asked. */
export async function factsOf(
  { store, client }: Sources,
  incidentId: string,
): Promise<{ readonly facts: FactSet | null; readonly pinnedRef: string | null; readonly away: boolean }> {
  const asked = await client.state(incidentId);
  if (asked.ok) {
    const pinned = asked.value.state.steps['pinned-summary'];
    return { facts: asked.value.facts, pinnedRef: typeof pinned === 'string' ? pinned : null, away: false };
  }
  const projected = await store.projection.facts(incidentId);
  return { facts: projected?.facts ?? null, pinnedRef: null, away: asked.why === 'away' };
}

/** `<@U0BOB|bob>`, `@bob`, `bob` or `Bob Baker`: the person's id, or null. */
export async function findPerson({ people }: Sources, written: string): Promise<string | null> {
  const chatId = /^<@([A-Z0-9]+)(?:\|[^>]*)?>$/.exec(written)?.[1];
  if (chatId !== undefined) return (await people.byChatId(chatId))?.id ?? null;
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
