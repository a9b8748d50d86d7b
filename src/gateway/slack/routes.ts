import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { signatureProblem } from '../../activities/slack/signature.ts';
import type { Clock } from '../../config/clock.ts';
import { epochMs } from '../../domain/instant.ts';
import { wellFormedValue } from '../../domain/well-formed.ts';
import { RequestRefused } from '../refusals.ts';
import { readEvent, readInteraction, readSlashCommand } from './payloads.ts';
import type { SlackApp, SlackReply } from './slack-app.ts';

export interface SlackRoutes {
  /** Null: no Slack app is configured. */
  readonly app: SlackApp | null;
  /** Several while one is being exchanged for another. */
  readonly signingSecrets: readonly string[];
  readonly clock: Clock;
}

const MAX_SLACK_BYTES = 512 * 1024;

/** POST /slack/commands, /slack/interactions, /slack/events: the addresses of deploy/slack/manifest.yaml. */
export function registerSlack(site: FastifyInstance, options: SlackRoutes): void {
  site.register(async (api) => {
    api.removeAllContentTypeParsers();
    // The signature is over these very bytes.
    const kinds = ['application/x-www-form-urlencoded', 'application/json'];
    api.addContentTypeParser(kinds, { parseAs: 'buffer', bodyLimit: MAX_SLACK_BYTES }, (_request, raw, done) =>
      done(null, Buffer.from(raw)),
    );

    api.post('/slack/commands', async (request, reply) => {
      const { app, bytes } = checked(request, options);
      const given = readSlashCommand(Object.fromEntries(new URLSearchParams(bytes.toString('utf8'))));
      if (given === null) throw notUnderstood('slash command');
      return send(reply, await app.command(given));
    });

    api.post('/slack/interactions', async (request, reply) => {
      const { app, bytes } = checked(request, options);
      const payload = new URLSearchParams(bytes.toString('utf8')).get('payload') ?? '';
      const given = readInteraction(jsonOf(payload));
      if (given === null) throw notUnderstood('interaction');
      return send(reply, await app.interaction(given));
    });

    api.post('/slack/events', async (request, reply) => {
      const { app, bytes } = checked(request, options);
      const given = readEvent(jsonOf(bytes.toString('utf8')));
      if (given === null) throw notUnderstood('event');
      return send(reply, await app.event(given));
    });
  });
}

/** Nothing of a request is read before its signature has been checked. */
function checked(
  request: FastifyRequest,
  { app, signingSecrets, clock }: SlackRoutes,
): { app: SlackApp; bytes: Buffer } {
  if (app === null || signingSecrets.length === 0) {
    throw new RequestRefused(
      404,
      'Slack’s requests are not configured here: set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN (docs/slack.md).',
    );
  }
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const problem = signatureProblem(
    { timestamp: header('x-slack-request-timestamp'), signature: header('x-slack-signature') },
    bytes,
    signingSecrets,
    epochMs(clock()),
  );
  if (problem !== null) throw new RequestRefused(401, problem);
  return { app, bytes };
}

function send(reply: FastifyReply, { body }: SlackReply): FastifyReply {
  return body === null ? reply.code(200).send() : reply.code(200).send(body);
}

function jsonOf(text: string): unknown {
  try {
    return wellFormedValue(JSON.parse(text));
  } catch {
    throw new RequestRefused(400, 'The payload is not JSON.');
  }
}

function notUnderstood(what: string): RequestRefused {
  return new RequestRefused(422, `This is no ${what} of Slack that is understood here.`);
}
