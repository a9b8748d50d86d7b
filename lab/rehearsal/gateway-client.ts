import { ConsoleClient } from './console-client.ts';
import type { DecisionReply, PersonDecision } from './people.ts';
import type { SlackUserClient } from './slack-user-client.ts';

const ANSWER_WITHIN_MS = 15_000;
const TRIES = 40;
const BETWEEN_TRIES_MS = 150;
/** No decision of an incident: the post-mortem has an address of its own. */
const APPROVE_POST_MORTEM = 'approve-post-mortem';

/** The gateway as people and the conductor reach it: by HTTP, like everybody. */
export class GatewayClient {
  readonly #console: ConsoleClient;

  constructor(
    private readonly url: string,
    private readonly tokens: ReadonlyMap<string, string>,
    private readonly observerToken: string,
    private readonly slack: SlackUserClient | null = null,
  ) {
    this.#console = new ConsoleClient(url, tokens);
  }

  /** Words when intake still holds something back, null when all is handed on. */
  async intakeBusy(): Promise<string | null> {
    try {
      const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      const { inboxPending, reportsPending, forwarding, trouble } = (await response.json()) as {
        inboxPending: number | null;
        reportsPending: number | null;
        forwarding: number;
        trouble: string | null;
      };
      if (inboxPending === 0 && (reportsPending ?? 0) === 0 && forwarding === 0) return null;
      return `the gateway holds ${inboxPending ?? 'unknown'} alerts back${trouble === null ? '' : ` (${trouble})`}`;
    } catch (error) {
      return `the gateway does not answer (${wordsOf(error)})`;
    }
  }

  /** In the order in which they were opened. */
  async incidentIds(): Promise<readonly string[]> {
    try {
      const response = await fetch(`${this.url}/api/incidents?state=all`, {
        headers: { authorization: `Bearer ${this.observerToken}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}: ${await response.text()}`);
      const { incidents } = (await response.json()) as {
        incidents: readonly { incident: { id: string; openedAt: string } }[];
      };
      const rows = incidents.map(({ incident }) => incident);
      return rows.sort((a, b) => a.openedAt.localeCompare(b.openedAt) || a.id.localeCompare(b.id)).map(({ id }) => id);
    } catch (error) {
      throw new Error(`The gateway cannot list its incidents: ${wordsOf(error)}.`);
    }
  }

  /** Verifications of what people reported that were handed to Temporal. */
  async verificationIds(): Promise<readonly string[]> {
    const response = await fetch(`${this.url}/api/reports`, {
      headers: { authorization: `Bearer ${this.observerToken}` },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok) throw new Error(`The gateway cannot list its reports: it answers ${response.status}.`);
    const { verifications } = (await response.json()) as { verifications: readonly { id: string; state: string }[] };
    return verifications.filter(({ state }) => state !== 'pending').map(({ id }) => id);
  }

  /**
   * A person's decision by the way they use. Sent again, with the same id, while gateway or worker is away; whoever
   * cannot use Slack takes the command line.
   */
  async decide(decision: PersonDecision): Promise<DecisionReply> {
    let last = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        const inSlack =
          decision.via === 'slack' && decision.name !== APPROVE_POST_MORTEM ? await this.slack?.decide(decision) : null;
        if (inSlack != null) return inSlack;
        const response = await this.#carry(decision);
        const answer = (await response.json()) as { effect?: string; error?: string; accepted?: unknown };
        if (response.ok) return { accepted: true, words: answer.effect ?? '' };
        last = answer.error ?? `status ${response.status}`;
        if (answer.accepted === 'pending') return { accepted: true, words: last };
        if (response.status !== 503) return { accepted: false, words: last };
      } catch (error) {
        last = wordsOf(error);
      }
      await new Promise((done) => setTimeout(done, BETWEEN_TRIES_MS));
    }
    return { accepted: false, words: `gave up after ${TRIES} tries: ${last}` };
  }

  #carry(decision: PersonDecision): Promise<Response> {
    if (decision.name === APPROVE_POST_MORTEM) return this.#approvePostMortem(decision);
    return decision.via === 'console' ? this.#console.post(decision) : this.#post(decision);
  }

  /** As it reads at that moment, with whatever place still waits for words. */
  async #approvePostMortem({ who, incidentId }: PersonDecision): Promise<Response> {
    const address = `${this.url}/api/incidents/${incidentId}/post-mortem`;
    const headers = { authorization: `Bearer ${this.tokens.get(who) ?? ''}` };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const read = await fetch(address, { headers, signal });
    if (!read.ok) return read;
    const digest = read.headers.get('x-post-mortem-digest');
    return fetch(`${address}/approve`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ digest, anyway: true }),
      signal,
    });
  }

  #post({ id, who, via, incidentId, name, body }: PersonDecision): Promise<Response> {
    return fetch(`${this.url}/api/incidents/${incidentId}/decisions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.tokens.get(who) ?? ''}`,
        'content-type': 'application/json',
        'x-incident-via': via === 'slack' ? 'cli' : via,
      },
      body: JSON.stringify({ id, name, body }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
