import type { FastifyInstance, FastifyRequest } from 'fastify';
import { wellFormedValue } from '../domain/well-formed.ts';
import { RequestRefused } from './refusals.ts';

/** A body as it arrived (signatures are over these bytes) and what it says. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly json: unknown;
}

const MAX_DEPTH = 32;

/** JSON only; the bytes are kept. Everything else is 415 with a sentence (see refusals.ts). */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/i, { parseAs: 'buffer' }, (_request, raw, done) => {
    try {
      const bytes = Buffer.from(raw);
      done(null, { bytes, json: parseJson(bytes) } satisfies RequestBody);
    } catch (error) {
      done(error as Error);
    }
  });
}

export function bodyOf(request: FastifyRequest): RequestBody {
  const body = request.body as RequestBody | undefined | null;
  if (body === undefined || body === null) {
    throw new RequestRefused(400, 'The request has no body. Send JSON with content-type application/json.');
  }
  return body;
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new RequestRefused(400, 'The body is empty. Send a JSON object.');
  if (deeperThan(text, MAX_DEPTH)) {
    throw new RequestRefused(
      422,
      `The JSON is nested deeper than ${MAX_DEPTH} levels, which no alert or decision is. Send it flat.`,
    );
  }
  try {
    return wellFormedValue(JSON.parse(text));
  } catch (error) {
    throw new RequestRefused(400, `The body is not JSON (${(error as Error).message}). Correct it and send it again.`);
  }
}

/** Counted on the text, before a parser sees it. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      if (++depth > limit) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}
