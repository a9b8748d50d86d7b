import {
  type CheckContext,
  fine,
  jsonOf,
  reasonOf,
  refused,
  type SystemFinding,
  unreachable,
  unset,
} from '../finding.ts';
import { createHttpClient, type HttpAnswer, type HttpRequest } from '../http.ts';
import type { EnvOf } from '../system.ts';
import { accounts } from './settings.ts';

const SYSTEM = accounts.name;
const TIMEOUT_MILLISECONDS = 5_000;

interface Client {
  readonly id: string;
  readonly secret: string | null;
  readonly auth: string;
  readonly redirectUri: string;
}

/**
 * The provider of the team's accounts: reachable, its discovery in order, and whether it takes our client, its secret and
 * the address it sends people back to. Asks for a sign-in without anybody being asked, and offers a code that is none.
 */
export async function check(env: EnvOf<typeof accounts>, { policy }: CheckContext): Promise<SystemFinding> {
  const issuer = env.OIDC_ISSUER;
  if (issuer === undefined) return unset(SYSTEM, 'OIDC_ISSUER', 'people sign in to the console by their API token');
  const id = env.OIDC_CLIENT_ID;
  if (id === undefined) return refused(SYSTEM, `${issuer}: no client id`, 'Set OIDC_CLIENT_ID; the provider shows it.');
  const consoleUrl = policy?.communication.consoleUrl ?? null;
  if (consoleUrl === null)
    return refused(
      SYSTEM,
      `${issuer}: nothing says where people open the console`,
      'Set communication.consoleUrl in the policy; the provider sends people back to it.',
    );
  const client = {
    id,
    secret: env.OIDC_CLIENT_SECRET ?? null,
    auth: env.OIDC_CLIENT_AUTH,
    redirectUri: new URL('/sign-in/callback', consoleUrl).href,
  };
  try {
    const { status, text } = await ask(discoveryOf(issuer));
    const said = jsonOf(text);
    return (
      discoveryTrouble(issuer, status, said) ??
      (await clientTrouble(issuer, said, client)) ??
      fine(SYSTEM, `${issuer}, back to ${client.redirectUri}`)
    );
  } catch (error) {
    return unreachable(
      SYSTEM,
      `${issuer}: ${reasonOf(error)}`,
      'Let this machine reach the provider, or correct OIDC_ISSUER.',
    );
  }
}

type Said = ReturnType<typeof jsonOf>;

function discoveryTrouble(issuer: string, status: number, said: Said): SystemFinding | null {
  if (status >= 500)
    return unreachable(SYSTEM, `${issuer}: answers ${status}`, 'Try again; else look at the provider.');
  if (status !== 200 || typeof said.token_endpoint !== 'string' || typeof said.authorization_endpoint !== 'string')
    return refused(
      SYSTEM,
      `${discoveryOf(issuer)} is no discovery document (${status})`,
      'Correct OIDC_ISSUER: the address before /.well-known/openid-configuration.',
    );
  if (withoutSlash(String(said.issuer)) !== withoutSlash(issuer))
    return refused(
      SYSTEM,
      `${issuer} calls itself ${String(said.issuer).slice(0, 200)}`,
      'Write OIDC_ISSUER exactly as it calls itself.',
    );
  const methods = said.code_challenge_methods_supported;
  if (Array.isArray(methods) && !methods.includes('S256'))
    return refused(SYSTEM, `${issuer} does not do PKCE with S256`, 'Switch it on at the provider.');
  return null;
}

async function clientTrouble(issuer: string, said: Said, client: Client): Promise<SystemFinding | null> {
  const authorize = new URL(String(said.authorization_endpoint));
  for (const [name, value] of Object.entries({
    client_id: client.id,
    response_type: 'code',
    redirect_uri: client.redirectUri,
    scope: 'openid',
    // Nobody is signed in here: a provider that knows the client sends back "login_required", one that does not shows a page.
    prompt: 'none',
    state: 'doctor',
    nonce: 'doctor',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }))
    authorize.searchParams.set(name, value);
  const { status } = await ask(authorize.href);
  if (status >= 400 && status < 500)
    return refused(
      SYSTEM,
      `${issuer} does not take client ${client.id} with ${client.redirectUri} (${status})`,
      `Register ${client.redirectUri} as redirect URI of this client, or correct OIDC_CLIENT_ID.`,
    );
  const answer = await ask(String(said.token_endpoint), tokenRequest(client));
  const error = jsonOf(answer.text).error;
  if (error === 'invalid_client' || answer.status === 401)
    return refused(
      SYSTEM,
      `${issuer} does not take the client’s secret`,
      'Correct OIDC_CLIENT_SECRET, or OIDC_CLIENT_AUTH (basic or post).',
    );
  if (answer.status >= 500)
    return unreachable(SYSTEM, `${issuer}: its token endpoint answers ${answer.status}`, 'Look at the provider.');
  return null;
}

/** A code that is none: the right client is told so (invalid_grant), a wrong one is not even that. */
function tokenRequest({ id, secret, auth, redirectUri }: Client) {
  const form = {
    grant_type: 'authorization_code',
    code: 'doctor',
    redirect_uri: redirectUri,
    code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    ...(secret === null ? { client_id: id } : {}),
    ...(secret !== null && auth === 'post' ? { client_id: id, client_secret: secret } : {}),
  };
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret ?? '')}`).toString('base64');
  return {
    method: 'POST',
    headers: {
      ...(secret !== null && auth === 'basic' ? { authorization: `Basic ${basic}` } : {}),
    },
    form,
  } as const;
}

/** Each of its addresses is its own, wherever discovery says it is. */
function ask(url: string, request: Omit<HttpRequest, 'path'> = {}): Promise<HttpAnswer> {
  const { origin, pathname, search } = new URL(url);
  const http = createHttpClient({ name: SYSTEM, baseUrl: origin, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return http.send({ ...request, path: `${pathname}${search}` });
}

function discoveryOf(issuer: string): string {
  return `${withoutSlash(issuer)}/.well-known/openid-configuration`;
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}
