import { z } from 'zod';
import { isLoopback } from '../../domain/loopback.ts';
import { http, secret, system, text } from '../system.ts';

/** Who vouches for people must not be somebody else on the way; on this machine itself nobody is in between. */
const issuer = http.refine((written) => !written.startsWith('http:') || isLoopback(new URL(written).hostname), {
  message: 'must be https, unless it is on this machine',
});

/** The team's own accounts, by OpenID Connect; tokens go on working beside them. */
export const accounts = system({
  name: 'accounts (OIDC)',
  door: { name: 'The team’s accounts (OIDC)', needs: 'OIDC_ISSUER', without: 'People sign in by their API token.' },
  settings: {
    OIDC_ISSUER: {
      readBy: ['gateway'],
      schema: issuer.optional(),
      meaning:
        'Issuer of the team’s accounts (OpenID Connect); the console then offers “Sign in with your account” (running.md).',
    },
    OIDC_CLIENT_ID: {
      readBy: ['gateway'],
      schema: text.optional(),
      meaning: 'Client id that the provider gave this product; needed with OIDC_ISSUER.',
    },
    OIDC_CLIENT_SECRET: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'Its secret; without one the client is public and PKCE alone holds it.',
      secret: true,
    },
    OIDC_CLIENT_AUTH: {
      readBy: ['gateway'],
      schema: z.enum(['basic', 'post']).default('basic'),
      meaning: 'How the secret goes to the token endpoint: basic (client_secret_basic) or post.',
    },
    OIDC_SCOPE: {
      readBy: ['gateway'],
      schema: z
        .string()
        .regex(/\bopenid\b/, 'must contain openid')
        .default('openid email profile'),
      meaning: 'What is asked of the provider, openid among it.',
    },
    OIDC_PERSON_CLAIM: {
      readBy: ['gateway'],
      schema: text.default('email'),
      meaning:
        'Claim by which a person of the policy is recognised: email (only when verified), or another whose value is their id or e-mail.',
    },
  },
});
