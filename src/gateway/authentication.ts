import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { PeopleDirectory } from '../config/people.ts';
import type { Actor, Via } from '../domain/people.ts';
import type { PersonPolicy } from '../domain/policy.ts';
import { RequestRefused } from './refusals.ts';

/** The person whose token the request carries. Throws 401. */
export async function authenticate(request: FastifyRequest, people: PeopleDirectory): Promise<PersonPolicy> {
  const token = bearerToken(request);
  if (token === null) {
    throw new RequestRefused(401, 'This address needs your API token: send "Authorization: Bearer <token>".');
  }
  const person = await people.byToken(token);
  if (person === null) {
    throw new RequestRefused(401, 'Unknown API token. Check it, or ask an admin for a new one.');
  }
  return person;
}

/** Throws 401 unless the request carries one of these tokens; compared as digests, in constant time. */
export function requireToken(request: FastifyRequest, tokens: readonly string[], who: string): void {
  const given = digestOf(bearerToken(request) ?? '');
  const right = tokens.map((token) => timingSafeEqual(digestOf(token), given)).includes(true);
  if (!right) {
    throw new RequestRefused(
      401,
      `${who} must send the token that this gateway was given, as "Authorization: Bearer <token>".`,
    );
  }
}

/** By which way somebody came; it shows on the timeline and gives no rights. */
export function viaOf(request: FastifyRequest): Via {
  const given = request.headers['x-incident-via'];
  return given === 'cli' || given === 'console' ? given : 'api';
}

export function actorOf(person: PersonPolicy, via: Via): Actor {
  return { person: person.id, roles: person.roles, via };
}

function bearerToken(request: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
