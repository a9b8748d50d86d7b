import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { CLIENT_ID, CLIENT_SECRET } from './issuer.ts';

/**
 * The certified OpenID provider of npm on a real socket, as it comes: its login and consent pages, its cookies, codes and
 * keys. Whoever logs in as "alice" has that address of this domain, which it tells by its user info endpoint only.
 */
export async function startRealProvider(redirectUri: string, domain: string) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: 'own', alg: 'RS256', use: 'sig' };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['keys-of-the-provider'] },
    jwks: { keys: [key] },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@${domain}`, email_verified: id !== 'unverified' }),
    }),
  });
  server.on('request', provider.callback());
  return {
    url,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
