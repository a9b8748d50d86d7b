import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const CLIENT_ID = 'incident-console';
export const CLIENT_SECRET = 'the-secret-of-the-client';

/** What this issuer does wrong, when it is told to; nothing by itself. */
export interface Faults {
  readonly nonce?: string;
  readonly audience?: string;
  readonly issuer?: string;
  readonly alien?: boolean;
  /** How far its clock is ahead, seconds. */
  readonly clockAheadSeconds?: number;
  readonly tokenStatus?: number;
}

interface Grant {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly faults: Faults;
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/**
 * A small OpenID provider on a real socket, which signs real tokens and holds codes to their PKCE challenge, client and
 * address. Unlike a real one it can be told to answer wrongly. People give their consent by `consent`.
 */
export async function startIssuer(redirectUri: string) {
  const [own, alien] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const grants = new Map<string, Grant>();
  const userInfo = new Map<string, Readonly<Record<string, unknown>>>();
  let url = '';
  let down = false;
  const asked: string[] = [];

  const idToken = async ({ nonce, claims, faults }: Grant): Promise<string> => {
    const now = Math.floor(Date.now() / 1000) + (faults.clockAheadSeconds ?? 0);
    return new SignJWT({ ...claims, nonce: faults.nonce ?? nonce })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(faults.issuer ?? url)
      .setSubject('subject-1')
      .setAudience(faults.audience ?? CLIENT_ID)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + 300)
      .sign(faults.alien === true ? alien.privateKey : own.privateKey);
  };

  const exchange = async (request: IncomingMessage): Promise<readonly [number, unknown]> => {
    const form = new URLSearchParams(await textOf(request));
    const [id, proof] = credentialsOf(request.headers.authorization ?? '');
    if (id !== CLIENT_ID || proof !== CLIENT_SECRET) return [401, { error: 'invalid_client' }];
    const code = form.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    if (grant?.faults.tokenStatus !== undefined) return [grant.faults.tokenStatus, { error: 'server_error' }];
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant === undefined || grant.challenge !== challenge || form.get('redirect_uri') !== grant.redirectUri)
      return [400, { error: 'invalid_grant' }];
    const accessToken = randomUUID();
    userInfo.set(accessToken, { sub: 'subject-1', ...grant.claims });
    return [200, { access_token: accessToken, token_type: 'Bearer', id_token: await idToken(grant) }];
  };

  const answer = async (request: IncomingMessage): Promise<readonly [number, unknown]> => {
    const { pathname } = new URL(request.url ?? '/', url);
    asked.push(pathname);
    if (down) return [503, {}];
    if (pathname === '/.well-known/openid-configuration')
      return [
        200,
        {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      ];
    if (pathname === '/keys') return [200, { keys: [jwk] }];
    if (pathname === '/token') return exchange(request);
    return [404, {}];
  };

  const server = createServer((request, response) => void answer(request).then((said) => send(response, said)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    setDown(now: boolean) {
      down = now;
    },
    /** What the browser brings back from the provider after this person agreed there. */
    consent(authorization: URL, claims: Readonly<Record<string, unknown>>, faults: Faults = {}): URLSearchParams {
      const query = authorization.searchParams;
      if (query.get('redirect_uri') !== redirectUri || query.get('code_challenge_method') !== 'S256')
        throw new Error(`The request is not what was registered: ${authorization}`);
      const code = randomUUID();
      grants.set(code, {
        nonce: query.get('nonce') ?? '',
        challenge: query.get('code_challenge') ?? '',
        redirectUri,
        claims,
        faults,
      });
      return new URLSearchParams({ code, state: query.get('state') ?? '' });
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Client id and secret are form-encoded before they become basic credentials (RFC 6749, 2.3.1). */
function credentialsOf(header: string): readonly string[] {
  const text = Buffer.from(header.replace(/^Basic /, ''), 'base64').toString('utf8');
  return text.split(':').map(decodeURIComponent);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, [status, body]: readonly [number, unknown]): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
