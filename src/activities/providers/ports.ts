import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createProvidersClient, type ProviderEndpoint } from './client.ts';
import type { providers } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

/** Providers by the names of the policy; which API each speaks follows from its name there. */
export function ports(env: EnvOf<typeof providers>): SystemPorts {
  const { anthropic, openai } = providerEndpoints(env);
  return {
    providers: createProvidersClient({
      endpoints: { claude: anthropic, anthropic, openai },
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    }),
  };
}

export function providerEndpoints(
  env: EnvOf<typeof providers>,
): Readonly<Record<'anthropic' | 'openai', ProviderEndpoint>> {
  return {
    anthropic: {
      kind: 'anthropic',
      apiUrl: env.ANTHROPIC_API_URL,
      apiKey: env.ANTHROPIC_API_KEY ?? null,
      statusUrl: env.ANTHROPIC_STATUS_URL,
    },
    openai: {
      kind: 'openai',
      apiUrl: env.OPENAI_API_URL,
      apiKey: env.OPENAI_API_KEY ?? null,
      statusUrl: env.OPENAI_STATUS_URL,
    },
  };
}
