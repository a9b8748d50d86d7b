import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Delivery } from '../../activities/publication/api.ts';
import { reminderAt } from '../../domain/clocks.ts';
import type { Instant } from '../../domain/instant.ts';
import { factsFor, messageTemplatesFor } from '../../domain/message-templates.ts';
import type { Lease } from '../../domain/timeline.ts';
import { attempted, message, ticketActivities } from '../activity-calls.ts';
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
  type ItemTicket,
  itemsAgendaQuery,
  itemsQuery,
} from './api.ts';

/** Chases what an incident left behind until each item is done or consciously dropped (R6.6), for as long as it takes. */
export async function actionItems(input: ActionItemsInput): Promise<ActionItemsStatus> {
  const chase = new Chase(input);
  setHandler(endItemUpdate, (end) => chase.end(end), { validator: (end) => chase.check(end) });
  setHandler(endItemSignal, (end) => {
    if (chase.problem(end) === null) chase.end(end);
  });
  setHandler(itemsQuery, () => chase.status());
  setHandler(itemsAgendaQuery, () => chase.agenda.entries());
  await chase.openTickets();
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
  #tickets: Readonly<Record<string, ItemTicket>>;

  constructor(private readonly input: ActionItemsInput) {
    this.#clock = new IncidentClock(input.anchorAt, input.speed);
    this.agenda = new Agenda(this.#clock, () => false);
    this.#items = [...input.items, ...input.leases.map(leaseItem)];
    this.#ended = input.carried?.ended ?? [];
    this.#chases = input.carried?.chases ?? {};
    this.#tickets = input.carried?.tickets ?? {};
  }

  /** The open item that is due to be chased first; null when none is open. */
  next(): { readonly item: ActionItem; readonly at: Instant } | null {
    const open = this.#open().map((item) => ({ item, at: this.#chaseAt(item) }));
    return open.sort((a, b) => a.at.localeCompare(b.at) || a.item.id.localeCompare(b.item.id))[0] ?? null;
  }

  /** Each item has a ticket with owner and due date; without one it is chased all the same (R6.6). */
  async openTickets(): Promise<void> {
    const { tickets, facts } = this.input;
    if (tickets == null) return;
    const { system, ownerEmails } = tickets;
    for (const item of this.#open().filter(({ id }) => this.#tickets[id]?.ref == null)) {
      const ownerEmail = item.owner === null ? null : (ownerEmails[item.owner] ?? null);
      const { incidentId } = facts;
      const externalId = `${incidentId}/${item.id}`;
      const title = `${incidentId}: ${item.what}`;
      const description = `${item.what}\n\nA follow-up of ${incidentId}. End this ticket when it is done, or as one that will not be done with the reason.`;
      const { dueAt } = item;
      const made = await attempted(
        this.#clock,
        ticketActivities(`ticket for ${item.id}`).createTicket({
          system,
          externalId,
          incidentId,
          title,
          description,
          dueAt,
          ownerEmail,
        }),
      );
      const ticket: ItemTicket = made.ok
        ? { ref: made.value.ref, url: made.value.url, trouble: made.value.warnings.join(' ') || null }
        : { ref: null, url: null, trouble: made.words };
      this.#tickets = { ...this.#tickets, [item.id]: ticket };
    }
  }

  /** What its ticket says ends it, or moves the next reminder to the day people agreed on; true when it is not to be chased now. */
  async #settledByTicket(item: ActionItem): Promise<boolean> {
    const { tickets } = this.input;
    const ref = this.#tickets[item.id]?.ref ?? null;
    if (tickets == null || ref === null) return false;
    const read = await attempted(
      this.#clock,
      ticketActivities(`ticket of ${item.id}`).readTicket({ system: tickets.system, ref }),
    );
    if (!read.ok || read.value.state === 'open' || this.#isEnded(item.id)) return this.#isEnded(item.id);
    const { state, status, assignee } = read.value;
    this.end({
      id: item.id,
      how: state,
      because: `its ticket ${ref} is ${status}`,
      by: assignee ?? tickets.system,
      receivedAt: this.#clock.now(),
    });
    return true;
  }

  async once(): Promise<void> {
    const next = this.next();
    if (next === null) return;
    const ended = () => this.#isEnded(next.item.id);
    if ((await this.agenda.waitUntil(`chase ${next.item.id}`, next.at, ended)) === 'met') return;
    // A system that was away when the item began is asked again.
    await this.openTickets();
    if (await this.#settledByTicket(next.item)) return;
    this.#chases = { ...this.#chases, [next.item.id]: this.#chased(next.item) + 1 };
    const { facts, communication } = this.input;
    const deliveries = [this.#delivery(next.item)];
    const answer = await message(`chase ${next.item.id}`).publish({
      facts: factsFor(facts, deliveries),
      texts: messageTemplatesFor(communication, deliveries),
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
    return {
      open: this.#open().map((item) => ({
        ...item,
        chases: this.#chased(item),
        ticket: this.#tickets[item.id] ?? null,
      })),
      ended: this.#ended,
    };
  }

  carry(): ActionItemsInput {
    return {
      ...this.input,
      anchorAt: this.#clock.now(),
      carried: { ended: this.#ended, chases: this.#chases, tickets: this.#tickets },
    };
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
    return reminderAt(item.dueAt, this.#chased(item));
  }

  #ticketWords({ id }: ActionItem): string {
    const ticket = this.#tickets[id];
    if (ticket === undefined) return '';
    return ticket.ref === null ? `; no ticket: ${ticket.trouble}` : `; ticket ${ticket.ref} ${ticket.url ?? ''}`;
  }

  #delivery(item: ActionItem): Delivery {
    const owner = item.owner === null ? 'nobody owns it' : `owner ${item.owner}`;
    const detail = `Open since ${item.dueAt}: ${item.what} (${owner}; chased ${this.#chased(item)} times${this.#ticketWords(item)}). Mark it done or drop it with a reason.`;
    const key = `${this.input.facts.incidentId}/chase/${item.id}/${this.#chased(item)}`;
    return { medium: 'chat', key, what: 'note', channel: this.input.communication.engineeringChannel, detail };
  }
}

function leaseItem(lease: Lease): ActionItem {
  return {
    id: lease.id,
    what: `A temporary change is still in place: ${lease.plan.preview} Revert it (${lease.plan.command}) or keep it for good.`,
    owner: null,
    dueAt: lease.expiresAt,
  };
}
