import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createSealing, type Secrets } from './sealing.ts';

/** Who is signed in to the console: the token which stands for them at the gateway, their API token or a sign-in's. */
export interface Session {
  readonly token: string;
}

export interface Sessions {
  /** The `Set-Cookie` header that signs somebody in. */
  open(session: Session): string;
  /** The `Set-Cookie` header that signs out; a session among these headers is over for this gateway at once. */
  close(headers: IncomingHttpHeaders): string;
  /** Null when the request carries no session, one that has ended, or one that is not ours. */
  of(headers: IncomingHttpHeaders): Session | null;
}

export interface SessionOptions {
  /**
   * Known to every gateway of this team, so that a restart or another gateway signs nobody out. The first seals, each
   * opens, so that nobody is signed out while it is exchanged.
   */
  readonly secrets: Secrets;
  /** Over https the cookie must never travel otherwise. */
  readonly secure: boolean;
  readonly nowMs: () => number;
}

export const SESSION_COOKIE = 'incident_session';
/** One long shift. */
export const SESSION_SECONDS = 16 * 3600;

/**
 * Sessions are sealed into their cookie: nothing to store, nothing to read for whoever sees the cookie
 * at rest. The token inside is checked at every request, so that taking a token away ends its sessions.
 */
export function createSessions({ secrets, secure, nowMs }: SessionOptions): Sessions {
  const sealing = createSealing<Session>(secrets, 'incident console session');
  const signedOut = new Map<string, number>();
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    open: (session) =>
      `${SESSION_COOKIE}=${sealing.seal(session, nowMs() + SESSION_SECONDS * 1000)}; Max-Age=${SESSION_SECONDS}; ${attributes}`,
    close(headers) {
      const sealed = cookie(headers.cookie, SESSION_COOKIE);
      for (const [old, untilMs] of signedOut) if (untilMs < nowMs()) signedOut.delete(old);
      // Only what would still open is remembered, so that nobody can fill the memory with cookies of their own making.
      if (sealed !== null && typeof sealing.unseal(sealed, nowMs()) !== 'string')
        signedOut.set(written(sealed), nowMs() + SESSION_SECONDS * 1000);
      return `${SESSION_COOKIE}=; Max-Age=0; ${attributes}`;
    },
    of(headers) {
      const sealed = cookie(headers.cookie, SESSION_COOKIE);
      if (sealed !== null && signedOut.has(written(sealed))) return null;
      const opened = sealed === null ? 'foreign' : sealing.unseal(sealed, nowMs());
      return typeof opened === 'string' ? null : { token: opened.content.token };
    },
  };
}

/** Base64 has several spellings of the same bytes. */
function written(sealed: string): string {
  return Buffer.from(sealed, 'base64url').toString('base64url');
}

const carried = new WeakMap<IncomingMessage, () => boolean>();

/** Remembers by which session a request came, for answers that go on for hours. */
export function cameBySession(request: IncomingMessage, holds: () => boolean): void {
  carried.set(request, holds);
}

/** False once the session that a request came by has ended; a request without one knows none that could end. */
export function sessionHolds(request: IncomingMessage): boolean {
  return carried.get(request)?.() ?? true;
}

/** The header that our own pages add to every request that changes something; a foreign form or link cannot. */
export const CONSOLE_HEADER = 'x-incident-console';

/** Why a request that changes something is not from our own pages; null when it is. */
export function foreign(headers: IncomingHttpHeaders): string | null {
  if (headers[CONSOLE_HEADER] !== '1')
    return `The request lacks the header ${CONSOLE_HEADER}, which the console sends.`;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return `The request comes from another site (${site}).`;
  const { origin, host } = headers;
  if (site === undefined && origin !== undefined && hostOf(origin) !== host)
    return 'The request comes from another address.';
  return null;
}

/** The value of a cookie; null when the request carries none of this name. */
export function cookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name && value.length > 0) return value.join('=');
  }
  return null;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
