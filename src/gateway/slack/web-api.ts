/** What the gateway asks of Slack itself; telling people of an incident is the worker's (activities/publication). */
export interface SlackWeb {
  /** Answers Slack's own error code, or `unreachable`; never throws. */
  call(
    method: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly ok: boolean; readonly error: string | null }>;
  /** Null when Slack shows us no such channel; throws when it does not answer. */
  channelName(id: string): Promise<string | null>;
  /** Posts to a response_url; false when it was not taken. */
  respond(url: string, message: Readonly<Record<string, unknown>>): Promise<boolean>;
}

/** A form can be opened for three seconds after the click. */
const ANSWER_WITHIN_MS = 2_500;
/** Channels that are not for us. */
const UNKNOWN_CHANNEL = new Set(['channel_not_found', 'missing_scope', 'no_permission']);
const MAX_NAMES = 1_000;
const RESPOND_TRIES = 3;
const BETWEEN_TRIES_MS = 400;

export function createSlackWeb(options: { readonly apiUrl: string; readonly botToken: string }): SlackWeb {
  const base = options.apiUrl.endsWith('/') ? options.apiUrl : `${options.apiUrl}/`;
  const authorization = `Bearer ${options.botToken}`;
  const names = new Map<string, string>();
  return {
    async call(method, args) {
      try {
        const answer = await post(`${base}${method}`, args, { authorization });
        const read = (await answer.json()) as { ok?: unknown; error?: unknown };
        return { ok: read.ok === true, error: typeof read.error === 'string' ? read.error : null };
      } catch {
        return { ok: false, error: 'unreachable' };
      }
    },
    async channelName(id) {
      const known = names.get(id);
      if (known !== undefined) return known;
      const answer = await post(`${base}conversations.info`, { channel: id }, { authorization });
      const read = (await answer.json()) as { ok?: unknown; error?: unknown; channel?: { name?: unknown } };
      if (read.ok !== true && !UNKNOWN_CHANNEL.has(String(read.error))) throw new Error(`Slack answers ${read.error}`);
      const name = typeof read.channel?.name === 'string' ? read.channel.name : null;
      if (name !== null && names.size < MAX_NAMES) names.set(id, name);
      return name;
    },
    async respond(url, message) {
      if (!/^https?:\/\//.test(url)) return false;
      for (let left = RESPOND_TRIES; left > 0; left--) {
        const status = await post(url, message, {}).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status >= 200 && status < 300) return true;
        // Expired or used up: no later try helps.
        if (status >= 400 && status < 500 && status !== 429) return false;
        await new Promise((done) => setTimeout(done, BETWEEN_TRIES_MS));
      }
      return false;
    },
  };
}

function post(url: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    redirect: 'error',
  });
}
