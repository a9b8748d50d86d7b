import { mayDecide } from '../../domain/authority.ts';
import type { DecisionName } from '../../domain/decision.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import { decisionModal } from '../../views/chat-modals.ts';
import { whoMay } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';
import { type Addressee, reply } from './reply.ts';

export interface Trigger {
  /** Good for three seconds. */
  readonly triggerId: string;
  readonly to: Addressee;
}

/** Asks in a form for what the decision still needs; somebody who may not decide it is told so instead. */
export async function openForm(
  { gateway, web }: SlackAppOptions,
  person: PersonPolicy,
  name: DecisionName,
  incidentId: string,
  given: Readonly<Record<string, unknown>>,
  prefill: Readonly<Record<string, string>>,
  { triggerId, to }: Trigger,
): Promise<string> {
  const forbidden = mayDecide(name, person.roles);
  if (forbidden !== null) {
    const words = `${forbidden} ${await whoMay(gateway, name, null)}`;
    await reply(web, to, words);
    return words;
  }
  const entry = await gateway.store.incidents.get(incidentId).catch(() => null);
  const memory = { name, incidentId, given, channel: to.channel, responseUrl: to.responseUrl };
  const view = decisionModal(memory, entry?.title ?? '', prefill);
  const opened = view === null ? null : await web.call('views.open', { trigger_id: triggerId, view });
  if (opened?.ok === true) return `asked for the rest of ${name} in a form`;
  const usage = `/incident ${name} ${incidentId} …`;
  const words = `The form could not be opened (${opened?.error ?? 'it is too large'}). Nothing was done. Write it instead: ${usage}`;
  await reply(web, to, words);
  return words;
}
