import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';

/** How the receiver of something that a system sent out answered; a status of null means not at all. */
export interface DeliveryAnswer {
  readonly status: number | null;
  readonly body: string;
}

/** Real time that a receiver has to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Posts to a receiver, doubled when the drill says so; the answer is that of the first copy. */
export async function deliver(
  system: string,
  wires: { readonly faults: WireFaults; readonly log: WireLedger },
  message: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly atMs: number;
  },
): Promise<DeliveryAnswer> {
  const doubled = wires.faults.take(system, (fault) => fault.kind === 'duplicate-delivery') !== null;
  const answer = await post(message);
  record(answer, null);
  if (doubled) record(await post(message), 'duplicate-delivery');
  return answer;

  function record({ status }: DeliveryAnswer, fault: 'duplicate-delivery' | null): void {
    const { pathname } = new URL(message.url);
    wires.log.record({ system, atMs: message.atMs, method: 'POST', path: pathname, status, fault, note: 'sent out' });
  }
}

async function post(message: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): Promise<DeliveryAnswer> {
  try {
    const answer = await fetch(message.url, {
      method: 'POST',
      headers: message.headers,
      body: message.body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return { status: answer.status, body: await answer.text() };
  } catch {
    return { status: null, body: '' };
  }
}
