import type { FastifyInstance } from 'fastify';
import { StoreUnavailable } from '../store/database.ts';

/** A request that is answered with `{ error }`: what is wrong and what to do. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly statusCode: number;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(statusCode: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.statusCode = statusCode;
    this.details = details;
  }
}

/** Alertmanager drops what is answered 4xx or 429, so whatever may work later is 503. */
export const RETRY_AFTER_SECONDS = 5;

export function answerRefusals(app: FastifyInstance): void {
  app.setErrorHandler(async (error: Error & { code?: string; statusCode?: number }, request, reply) => {
    if (error instanceof RequestRefused) {
      if (error.statusCode === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
      if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer');
      return reply.code(error.statusCode).send({ error: error.message, ...error.details });
    }
    if (error instanceof StoreUnavailable) {
      request.log.error(error.message);
      return reply
        .code(503)
        .header('retry-after', RETRY_AFTER_SECONDS)
        .send({
          error: `${error.message} Nothing was taken; send it again in ${RETRY_AFTER_SECONDS} s.`,
        });
    }
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      return reply
        .code(413)
        .send({ error: `The body is larger than ${MAX_BODY_BYTES} bytes. Send fewer alerts at once.` });
    }
    if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
      const given = request.headers['content-type'];
      const got = given === undefined ? 'no content-type' : `content-type "${given.slice(0, 100)}"`;
      return reply.code(415).send({ error: `This address takes application/json; the request has ${got}.` });
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: `The request cannot be read: ${error.message}.` });
    request.log.error(error);
    return reply.code(500).send({
      error:
        'Something went wrong here; the log of the gateway says what. Send it again, and tell whoever runs it when it stays so.',
    });
  });
  app.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ error: `There is nothing at ${request.method} ${request.url.slice(0, 200)}.` }),
  );
}

export const MAX_BODY_BYTES = 1024 * 1024;
