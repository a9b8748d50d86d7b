import type { FastifyInstance } from 'fastify';
import { EnvironmentError, type GatewayEnv } from '../../config/env.ts';
import { type AccountTokens, createAccountTokens } from './account-tokens.ts';
import { createAccountProvider } from './provider.ts';
import { CALLBACK_PATH, registerSignIn, type SignInOptions } from './routes.ts';

export interface Accounts {
  readonly tokens: AccountTokens;
  mount(app: FastifyInstance, around: Pick<SignInOptions, 'console' | 'people' | 'secureCookies' | 'log'>): void;
}

/** The sign-in with the team's accounts, null when no issuer is named. Throws EnvironmentError. */
export function accountsFromEnv(env: GatewayEnv, consoleUrl: string | null): Accounts | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, DECISION_SIGNING_KEY: secrets } = env;
  if (issuer === undefined) return null;
  if (clientId === undefined)
    throw new EnvironmentError([
      'OIDC_ISSUER is set without OIDC_CLIENT_ID. Give the client id that the provider shows.',
    ]);
  if (consoleUrl === null)
    throw new EnvironmentError([
      'OIDC_ISSUER is set, but the policy does not say where people open the console. Set communication.consoleUrl there: the provider sends people back to it.',
    ]);
  const nowMs = Date.now;
  const tokens = createAccountTokens(secrets, nowMs);
  const provider = createAccountProvider({
    issuer: new URL(issuer),
    clientId,
    clientSecret: env.OIDC_CLIENT_SECRET ?? null,
    clientAuth: env.OIDC_CLIENT_AUTH,
    redirectUri: new URL(CALLBACK_PATH, consoleUrl),
    scope: env.OIDC_SCOPE,
    personClaim: env.OIDC_PERSON_CLAIM,
    nowMs,
  });
  return {
    tokens,
    mount: (app, around) =>
      registerSignIn(app, { ...around, provider, tokens, personClaim: env.OIDC_PERSON_CLAIM, secrets, nowMs }),
  };
}
