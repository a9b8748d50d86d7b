import type { PersonDecision } from './people.ts';

const ANSWER_WITHIN_MS = 15_000;

/** Somebody at the web console: signs in with their token once, then posts as the console's own page does. */
export class ConsoleClient {
  readonly #cookies = new Map<string, string>();

  constructor(
    private readonly url: string,
    private readonly tokens: ReadonlyMap<string, string>,
  ) {}

  async post(decision: PersonDecision): Promise<Response> {
    const cookie = this.#cookies.get(decision.who) ?? (await this.#signIn(decision.who));
    const answer = await this.#send(
      `/api/incidents/${decision.incidentId}/decisions`,
      { id: decision.id, name: decision.name, body: decision.body },
      { cookie },
    );
    // A session that another gateway did not keep is opened anew at the next try.
    if (answer.status === 401) this.#cookies.delete(decision.who);
    return answer;
  }

  async #signIn(who: string): Promise<string> {
    const answer = await this.#send('/session', { token: this.tokens.get(who) ?? '' });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
    if (!answer.ok || cookie === undefined) throw new Error(`The console does not let ${who} in (${answer.status}).`);
    this.#cookies.set(who, cookie);
    return cookie;
  }

  #send(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const { origin } = new URL(this.url);
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, 'x-incident-console': '1', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  }
}
