import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

/** What goes wrong in the demo: the runbook's own example (R9), a deploy that brings a query without an index. */
const FAULT = { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true } as const;

export type Begun = { readonly begun: true } | { readonly begun: false; readonly because: string };

/** Lets the simulated production have its incident, unless it is in the middle of it. */
export async function beginIncident(controlUrl: string): Promise<Begun> {
  const state = (await ask(`${controlUrl}/state`)) as { readonly faults: readonly unknown[] };
  if (state.faults.length > 0)
    return { begun: false, because: 'something is already wrong in the simulated production' };
  await ask(`${controlUrl}/faults`, FAULT);
  return { begun: true };
}

const ANSWER_WITHIN_MS = 10_000;

async function ask(url: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const json = (await answer.json()) as { error?: string };
  if (!answer.ok) throw new Error(json.error ?? `The simulated production answered ${answer.status}.`);
  return json;
}

export const BEGIN_PATH = '/demo/incident';

/** POST /demo/incident with anybody's API token: the incident begins now. The file says where the production is told. */
export function mountBeginning(app: FastifyInstance, controlFile: string): void {
  app.post(BEGIN_PATH, async (request, reply) => {
    const who = await app.inject({ url: '/api/me', headers: { authorization: request.headers.authorization ?? '' } });
    if (who.statusCode !== 200) return reply.code(who.statusCode).send(who.json());
    const outcome = await beginIncident(readFileSync(controlFile, 'utf8'));
    return reply
      .code(outcome.begun ? 202 : 409)
      .send(outcome.begun ? outcome : { error: `Not now: ${outcome.because}.` });
  });
}
