import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who is signed in to the console: their API token, which stands for them at the gateway. */
export interface Session {
  readonly token: string;
}

export interface Sessions {
  /** The `Set-Cookie` header that signs somebody in. */
  open(session: Session): string;
  /** The `Set-Cookie` header that signs out. */
  close(): string;
  /** Null when the request carries no session, one that has ended, or one that is not ours. */
  of(headers: IncomingHttpHeaders): Session | null;
}

export interface SessionOptions {
  /**
   * Known to every gateway of this team, so that a restart or another gateway signs nobody out. The first seals, each
   * opens, so that nobody is signed out while it is exchanged.
   */
  readonly secrets: readonly [string, ...string[]];
  /** Over https the cookie must never travel otherwise. */
  readonly secure: boolean;
  readonly nowMs: () => number;
}

export const SESSION_COOKIE = 'incident_session';
/** One long shift. */
const SESSION_SECONDS = 16 * 3600;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Sessions are sealed into their cookie (AES-256-GCM): nothing to store, nothing to read for whoever sees the cookie
 * at rest. The token inside is checked at every request, so that taking a token away ends its sessions.
 */
export function createSessions({ secrets, secure, nowMs }: SessionOptions): Sessions {
  const key = keyOf(secrets[0]);
  const keys = secrets.map(keyOf);
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    open: (session) =>
      `${SESSION_COOKIE}=${seal(key, { ...session, untilMs: nowMs() + SESSION_SECONDS * 1000 })}; Max-Age=${SESSION_SECONDS}; ${attributes}`,
    close: () => `${SESSION_COOKIE}=; Max-Age=0; ${attributes}`,
    of(headers) {
      const sealed = cookie(headers.cookie, SESSION_COOKIE);
      const content = sealed === null ? null : unseal(keys, sealed);
      return content === null || content.untilMs < nowMs() ? null : { token: content.token };
    },
  };
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

function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'incident console session', 32));
}

interface Content extends Session {
  readonly untilMs: number;
}

function seal(key: Buffer, content: Content): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

function unseal(keys: readonly Buffer[], text: string): Content | null {
  for (const key of keys) {
    const content = unsealWith(key, text);
    if (content !== null) return content;
  }
  return null;
}

function unsealWith(key: Buffer, text: string): Content | null {
  try {
    const bytes = Buffer.from(text, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const open = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(open.toString('utf8')) as Content;
  } catch {
    return null;
  }
}

function cookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name && value.length > 0) return value.join('=');
  }
  return null;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
