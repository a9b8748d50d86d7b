import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { bouncePage } from '../../src/console/document.ts';
import { type Console, HEADERS } from '../../src/console/mount.ts';
import { isLoopback } from '../../src/domain/loopback.ts';
import { realSystems } from './options.ts';

/**
 * The demo's way to sign in: a link with a code that works once. A code is a file, named after the code's SHA-256 and
 * readable by its owner alone; taking the file away is using the code, so two who try at once cannot both succeed,
 * and a gateway that is started again knows the same codes. Only the demo's gateway has this route.
 */
export function writeSignInCode(folder: string, token: string): string {
  const code = randomBytes(18).toString('base64url');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(folder, code), token, { mode: 0o600 });
  return code;
}

/**
 * Why the link must not exist with this environment: null in a demo. It lets in whoever has it, so it never stands beside
 * a real system, the team's own accounts, or a Temporal that is not this machine's.
 */
export function whyNoSignIn(env: NodeJS.ProcessEnv): string | null {
  const real = [...realSystems(env), ...((env.OIDC_ISSUER ?? '') === '' ? [] : ['OIDC_ISSUER'])];
  if (real.length > 0) return `${real.join(', ')} set`;
  const temporal = env.TEMPORAL_ADDRESS ?? '';
  const host = temporal.replace(/:\d+$/, '');
  return temporal === '' || isLoopback(host) ? null : 'TEMPORAL_ADDRESS is another machine’s';
}

/** Whether `npm start` in this environment may serve the link: not beside any Temporal that somebody named, even here. */
export function letsInByLink(env: NodeJS.ProcessEnv): boolean {
  return (env.TEMPORAL_ADDRESS ?? '') === '' && whyNoSignIn(env) === null;
}

export const SIGN_IN_PATH = '/demo/sign-in';

/** GET /demo/sign-in?code=… → the session's cookie and the console. */
export function mountSignIn(app: FastifyInstance, webConsole: Console, folder: string): void {
  app.get<{ Querystring: { code?: string } }>(SIGN_IN_PATH, async (request, reply) => {
    reply.headers(HEADERS);
    const token = takeCode(folder, request.query.code ?? '');
    if (token !== null) webConsole.signIn(reply, token);
    if (token !== null || webConsole.sessions.of(request.headers) !== null) {
      return reply.type('text/html; charset=utf-8').send(bouncePage('/'));
    }
    return reply
      .code(403)
      .type('text/plain; charset=utf-8')
      .send(
        'This sign-in link was used already, or belongs to another run. Press s in the terminal of npm start for a fresh one.\n',
      );
  });
}

/** The token that the code stands for, once; null when there is no such code. */
export function takeCode(folder: string, code: string): string | null {
  if (!/^[\w-]{24}$/.test(code)) return null;
  const file = fileOf(folder, code);
  try {
    const token = readFileSync(file, 'utf8');
    unlinkSync(file);
    return token;
  } catch {
    return null;
  }
}

function fileOf(folder: string, code: string): string {
  return join(folder, createHash('sha256').update(code).digest('hex'));
}
