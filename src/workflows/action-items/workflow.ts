import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Delivery } from '../../activities/publication/api.ts';
import { type Instant, plusMinutes } from '../../domain/instant.ts';
import type { Lease } from '../../domain/timeline.ts';
import { factsFor, voiceFor } from '../../domain/voice.ts';
import { message } from '../activity-calls.ts';
import { Agenda } from '../incident/agenda.ts';
import { IncidentClock } from '../incident/clock.ts';
import {
  type ActionItem,
  type ActionItemsInput,
  type ActionItemsStatus,
  type EndedItem,
  type EndItem,
  endItemSignal,
  endItemUpdate,
  itemsAgendaQuery,
  itemsQuery,
} from './api.ts';

const DAY_MINUTES = 24 * 60;
/** Reminders come daily at first, then weekly; a forgotten item stays visible without becoming noise. */
const DAILY_CHASES = 5;

/** Chases what an incident left behind until each item is done or consciously dropped (R6.6), for as long as it takes. */
export async function actionItems(input: ActionItemsInput): Promise<ActionItemsStatus> {
  const chase = new Chase(input);
  setHandler(endItemUpdate, (end) => chase.end(end), { validator: (end) => chase.check(end) });
  setHandler(endItemSignal, (end) => {
    if (chase.problem(end) === null) chase.end(end);
  });
  setHandler(itemsQuery, () => chase.status());
  setHandler(itemsAgendaQuery, () => chase.agenda.entries());
  while (chase.next() !== null && !workflowInfo().continueAsNewSuggested) await chase.once();
  await condition(allHandlersFinished);
  if (chase.next() !== null) return continueAsNew<typeof actionItems>(chase.carry());
  return chase.status();
}

class Chase {
  readonly agenda: Agenda;
  readonly #clock: IncidentClock;
  readonly #items: readonly ActionItem[];
  #ended: readonly EndedItem[];
  #chases: Readonly<Record<string, number>>;

  constructor(private readonly input: ActionItemsInput) {
    this.#clock = new IncidentClock(input.anchorAt, input.speed);
    this.agenda = new Agenda(this.#clock, () => false);
    this.#items = [...input.items, ...input.leases.map(leaseItem)];
    this.#ended = input.carried?.ended ?? [];
    this.#chases = input.carried?.chases ?? {};
  }

  /** The open item that is due to be chased first; null when none is open. */
  next(): { readonly item: ActionItem; readonly at: Instant } | null {
    const open = this.#open().map((item) => ({ item, at: this.#chaseAt(item) }));
    return open.sort((a, b) => a.at.localeCompare(b.at) || a.item.id.localeCompare(b.item.id))[0] ?? null;
  }

  async once(): Promise<void> {
    const next = this.next();
    if (next === null) return;
    const ended = () => this.#isEnded(next.item.id);
    if ((await this.agenda.until(`chase ${next.item.id}`, next.at, ended)) === 'met') return;
    this.#chases = { ...this.#chases, [next.item.id]: this.#chased(next.item) + 1 };
    const { facts, communication } = this.input;
    const deliveries = [this.#delivery(next.item)];
    const answer = await message(`chase ${next.item.id}`).publish({
      facts: factsFor(facts, deliveries),
      voice: voiceFor(communication, deliveries),
      chatGroups: [],
      deliveries,
    });
    this.#clock.adopt(answer.at);
  }

  problem(end: EndItem): string | null {
    if (!this.#items.some((item) => item.id === end.id)) {
      return `There is no action item ${end.id}. There are: ${this.#items.map((item) => item.id).join(', ')}.`;
    }
    return this.#isEnded(end.id) ? `${end.id} was already ended.` : null;
  }

  check(end: EndItem): void {
    const problem = this.problem(end);
    if (problem !== null) throw ApplicationFailure.nonRetryable(problem, 'Refused');
  }

  end({ id, how, because, by, receivedAt }: EndItem): ActionItemsStatus {
    this.#ended = [...this.#ended, { id, how, because, by, at: receivedAt }];
    return this.status();
  }

  status(): ActionItemsStatus {
    return { open: this.#open().map((item) => ({ ...item, chases: this.#chased(item) })), ended: this.#ended };
  }

  carry(): ActionItemsInput {
    return { ...this.input, anchorAt: this.#clock.now(), carried: { ended: this.#ended, chases: this.#chases } };
  }

  #open(): readonly ActionItem[] {
    return this.#items.filter((item) => !this.#isEnded(item.id));
  }

  #isEnded(id: string): boolean {
    return this.#ended.some((ended) => ended.id === id);
  }

  #chased(item: ActionItem): number {
    return this.#chases[item.id] ?? 0;
  }

  #chaseAt(item: ActionItem): Instant {
    const chased = this.#chased(item);
    const daily = Math.min(chased, DAILY_CHASES);
    return plusMinutes(item.dueAt, (daily + (chased - daily) * 7) * DAY_MINUTES);
  }

  #delivery(item: ActionItem): Delivery {
    const owner = item.owner === null ? 'nobody owns it' : `owner ${item.owner}`;
    const detail = `Open since ${item.dueAt}: ${item.what} (${owner}; chased ${this.#chased(item)} times). Mark it done or drop it with a reason.`;
    const key = `${this.input.facts.incidentId}/chase/${item.id}/${this.#chased(item)}`;
    return { medium: 'chat', key, what: 'note', channel: this.input.communication.engineeringChannel, detail };
  }
}

function leaseItem(lease: Lease): ActionItem {
  return {
    id: lease.id,
    what: `A temporary change is still in place: ${lease.plan.preview} Take it back (${lease.plan.command}) or keep it for good.`,
    owner: null,
    dueAt: lease.expiresAt,
  };
}
