import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const squeeze = promisify(gzip);
/** Less than one packet is not worth it. */
const WORTH_IT_BYTES = 1_400;

/**
 * An `onSend` hook: pages and files go out gzipped to whoever takes that. An incident's page with its evidence is two thirds
 * of a megabyte otherwise, and it is asked for again at each news. No page holds a secret that its size could give away.
 */
export async function compress(request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<unknown> {
  const isText = /^text\/|^image\/svg/.test(String(reply.getHeader('content-type') ?? ''));
  if (!isText || (typeof body !== 'string' && !Buffer.isBuffer(body))) return body;
  reply.header('vary', 'accept-encoding');
  const takesIt = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!takesIt || body.length < WORTH_IT_BYTES) return body;
  reply.header('content-encoding', 'gzip').removeHeader('content-length');
  return squeeze(body);
}
