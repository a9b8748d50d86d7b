/** What the gateway asks of Slack itself; telling people of an incident is the worker's (activities/publication). */
export interface SlackWeb {
  /** Answers Slack's own error code, or `unreachable`; never throws. */
  call(
    method: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly ok: boolean; readonly error: string | null }>;
  /** Posts to a response_url; false when it was not taken. */
  respond(url: string, message: Readonly<Record<string, unknown>>): Promise<boolean>;
}

/** A form can be opened for three seconds after the click. */
const ANSWER_WITHIN_MS = 2_500;
const RESPOND_TRIES = 3;
const BETWEEN_TRIES_MS = 400;

export function createSlackWeb(options: { readonly apiUrl: string; readonly botToken: string }): SlackWeb {
  const base = options.apiUrl.endsWith('/') ? options.apiUrl : `${options.apiUrl}/`;
  return {
    async call(method, args) {
      try {
        const answer = await post(`${base}${method}`, args, { authorization: `Bearer ${options.botToken}` });
        const read = (await answer.json()) as { ok?: unknown; error?: unknown };
        return { ok: read.ok === true, error: typeof read.error === 'string' ? read.error : null };
      } catch {
        return { ok: false, error: 'unreachable' };
      }
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
