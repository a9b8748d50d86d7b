import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  clockTolerance,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Claims } from './matching.ts';

/** What a sign-in that was begun has to be finished with; it travels sealed in the browser's cookie. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
}

export type SignInTrouble =
  /** No answer, or a 5xx: it may work in a moment. */
  | 'provider-away'
  /** The provider itself says no: consent refused, account not assigned to us. */
  | 'provider-refused'
  /** The provider does not take our client id, secret or address: somebody has to correct the configuration. */
  | 'misconfigured'
  /** The code was used already, or is too old. */
  | 'code-spent'
  /** The answer is not one to this browser's question: state, nonce, audience, issuer, signature, time. */
  | 'untrusted';

export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
  readonly trouble: SignInTrouble;
  /** For the log; names no secret, code or token. */
  constructor(trouble: SignInTrouble, words: string) {
    super(words);
    this.trouble = trouble;
  }
}

export interface AccountProvider {
  /** Where the browser is to go, and what the answer has to fit. Throws SignInFailed. */
  begin(returnTo: string): Promise<{ readonly url: URL; readonly attempt: Attempt }>;
  /** The verified claims of who came back with this query. Throws SignInFailed. */
  finish(query: string, attempt: Attempt): Promise<Claims>;
}

export interface ProviderOptions {
  readonly issuer: URL;
  readonly clientId: string;
  /** Null: a public client, held by PKCE alone. */
  readonly clientSecret: string | null;
  /** How the secret is sent to the token endpoint. */
  readonly clientAuth: 'basic' | 'post';
  readonly redirectUri: URL;
  readonly scope: string;
  /** The claim that names the person; asked of the user info when the ID token does not have it. */
  readonly personClaim: string;
  readonly nowMs: () => number;
}

const DEADLINE_SECONDS = 5;
/** Two machines' clocks differ; more than this is trouble that somebody should hear of. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** A provider that moved its endpoints is believed after this, without a restart. */
const DISCOVER_AGAIN_MS = 3_600_000;

/**
 * The team's own accounts by OpenID Connect: authorization code flow with PKCE (RFC 7636), state and nonce. The ID
 * token's signature is verified although it comes by TLS. Nothing is asked of the provider before somebody signs in,
 * so that the gateway starts while it is away.
 */
export function createAccountProvider(options: ProviderOptions): AccountProvider {
  let known: { readonly configuration: Configuration; readonly untilMs: number } | null = null;
  let asking: Promise<Configuration> | null = null;
  const configuration = async (): Promise<Configuration> => {
    if (known !== null && known.untilMs > options.nowMs()) return known.configuration;
    asking ??= discover(options).finally(() => {
      asking = null;
    });
    try {
      known = { configuration: await asking, untilMs: options.nowMs() + DISCOVER_AGAIN_MS };
    } catch (error) {
      // What was true an hour ago is likelier to work than nothing.
      if (known === null) throw error;
    }
    return known.configuration;
  };
  return {
    begin: (returnTo) => translated(async () => begun(await configuration(), options, returnTo)),
    finish: (query, attempt) => translated(async () => finished(await configuration(), options, query, attempt)),
  };
}

async function discover({ issuer, clientId, clientSecret, clientAuth }: ProviderOptions): Promise<Configuration> {
  const proof =
    clientSecret === null
      ? None()
      : clientAuth === 'post'
        ? ClientSecretPost(clientSecret)
        : ClientSecretBasic(clientSecret);
  return discovery(issuer, clientId, { [clockTolerance]: CLOCK_TOLERANCE_SECONDS }, proof, {
    timeout: DEADLINE_SECONDS,
    execute: [enableNonRepudiationChecks, ...(issuer.protocol === 'http:' ? [allowInsecureRequests] : [])],
  });
}

async function begun(configuration: Configuration, { redirectUri, scope }: ProviderOptions, returnTo: string) {
  const attempt = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), returnTo };
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri.href,
    scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
  });
  return { url, attempt };
}

async function finished(
  configuration: Configuration,
  { redirectUri, personClaim }: ProviderOptions,
  query: string,
  { state, nonce, verifier }: Attempt,
): Promise<Claims> {
  // The address is the one we registered, whatever a proxy made of it on the way.
  const url = new URL(redirectUri);
  url.search = query;
  const tokens = await authorizationCodeGrant(configuration, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const claims: Claims = tokens.claims() ?? {};
  if (claims[personClaim] !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined)
    return claims;
  const more = await fetchUserInfo(configuration, tokens.access_token, String(claims.sub));
  return { ...more, ...claims };
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SignInFailed(troubleOf(error), reasonOf(error));
  }
}

function troubleOf(error: unknown): SignInTrouble {
  if (error instanceof AuthorizationResponseError)
    return error.error === 'temporarily_unavailable' || error.error === 'server_error'
      ? 'provider-away'
      : 'provider-refused';
  if (error instanceof ResponseBodyError) {
    if (error.status >= 500) return 'provider-away';
    return error.error === 'invalid_grant' ? 'code-spent' : 'misconfigured';
  }
  if (error instanceof TypeError) return 'provider-away';
  if (!(error instanceof ClientError)) return 'untrusted';
  if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT') return 'provider-away';
  const status = error.cause instanceof Response ? error.cause.status : null;
  if (status === null) return error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED' ? 'misconfigured' : 'untrusted';
  return status >= 500 || status === 429 ? 'provider-away' : 'misconfigured';
}

/** Codes and the library's own sentences only: a provider's free text could carry anything. */
function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) return plain(error.error);
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  const because = cause instanceof Error ? `: ${cause.message}` : cause instanceof Response ? `: ${cause.status}` : '';
  return plain(`${error.message}${because}`);
}

function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);
}
