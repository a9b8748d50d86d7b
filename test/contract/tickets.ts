import { describe, expect, it } from 'vitest';
import type { TicketsPort } from '../../src/activities/tickets/ports.ts';
import type { Bench } from './simulated.ts';

/** What a system of tickets must do for us, whichever it is (R3.4.5, R6.6). */
export interface TicketsOnTrial {
  readonly system: string;
  readonly start: () => Promise<{
    readonly client: TicketsPort;
    /** How many tickets were made through the API. */
    readonly made: () => number;
    readonly texts: (ref: string) => readonly string[];
    readonly end: (ref: string) => void;
  }>;
}

export const TICKET = {
  externalId: 'incident-20260303-0900/cause',
  incidentId: 'incident-20260303-0900',
  title: 'Remove the cause for good',
  description:
    'A query reads the whole table.\n\nSee https://console.example/incidents/1 for its timeline.\nThank you.',
  dueAt: '2026-03-10T09:00:00.000Z',
  ownerEmail: 'alice@noaserver.com',
} as const;

export function keepsTickets(at: Bench, { system, start }: TicketsOnTrial): void {
  describe(`${system}: tickets`, () => {
    it('one is made with owner and due date, read, and done when somebody ends it', async () => {
      const { client, end } = await start();
      const { ticket, warnings } = await client.create(TICKET);
      expect(warnings).toEqual([]);
      expect(ticket).toMatchObject({ title: TICKET.title, state: 'open' });
      expect(ticket.dueAt?.slice(0, 10)).toBe('2026-03-10');
      expect(ticket.assignee).not.toBeNull();
      expect(ticket.url).toMatch(/^http/);
      end(ticket.ref);
      expect(await client.read(ticket.ref)).toMatchObject({ state: 'done' });
    });

    it('an owner without an account does not cost the ticket', async () => {
      const { client, made } = await start();
      const { ticket, warnings } = await client.create({ ...TICKET, ownerEmail: 'stranger@elsewhere.com' });
      expect(ticket.assignee).toBeNull();
      expect(warnings).toEqual([expect.stringContaining('stranger@elsewhere.com')]);
      expect(made()).toBe(1);
    });

    it('one whose answer was lost is found by our id', async () => {
      const { client, made } = await start();
      at.faults.set(system.toLowerCase(), { kind: 'lost-answer', times: 1 });
      await expect(client.create({ ...TICKET, ownerEmail: null })).rejects.toMatchObject({
        type: 'Unavailable',
        nonRetryable: false,
      });
      expect(made()).toBe(1);
      expect(await client.find(TICKET.externalId)).toMatchObject({ title: TICKET.title });
      expect(await client.find('incident-20260303-0900/other')).toBeNull();
    });

    it('a comment is written once for its key, also when its answer was lost', async () => {
      const { client, texts } = await start();
      const { ticket } = await client.create(TICKET);
      const comment = { key: 'answer-1', text: 'All is well again.', solve: false };
      await client.comment(ticket.ref, comment);
      await client.comment(ticket.ref, comment);
      expect(texts(ticket.ref)).toHaveLength(1);
      at.faults.set(system.toLowerCase(), { kind: 'lost-answer', times: 2 });
      await client.comment(ticket.ref, { ...comment, key: 'answer-2' }).catch(() => undefined);
      at.faults.clear(system.toLowerCase());
      await client.comment(ticket.ref, { ...comment, key: 'answer-2' });
      expect(texts(ticket.ref)).toHaveLength(2);
    });

    it('what is not there is NotFound, a wrong token Unauthorised', async () => {
      const { client } = await start();
      await expect(client.read('999999999')).rejects.toMatchObject({ type: 'NotFound', nonRetryable: true });
      at.faults.set(system.toLowerCase(), { kind: 'unauthorised' });
      await expect(client.create(TICKET)).rejects.toMatchObject({ type: 'Unauthorised' });
    });
  });
}
