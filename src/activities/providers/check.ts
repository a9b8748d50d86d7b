import { asked, isRefusal } from '../checking.ts';
import { DEADLINE_MS, fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { listModels, type ProviderEndpoint } from './client.ts';
import { providerEndpoints } from './ports.ts';
import type { providers } from './settings.ts';

export async function check(env: EnvOf<typeof providers>): Promise<readonly SystemFinding[]> {
  const { anthropic, openai } = providerEndpoints(env);
  return Promise.all([checkOne('Anthropic', anthropic), checkOne('OpenAI', openai)]);
}

async function checkOne(system: string, endpoint: ProviderEndpoint): Promise<SystemFinding> {
  const variable = endpoint.kind.toUpperCase();
  if (endpoint.apiKey === null)
    return unset(system, `${variable}_API_KEY`, 'it can only be seen whether it answers at all');
  return asked(system, endpoint.apiUrl, `${variable}_API_URL`, async (base) => {
    const answer = await listModels(system, endpoint, DEADLINE_MS);
    if (isRefusal(answer))
      return refused(system, `${base} does not accept the key (${answer.status})`, `Renew ${variable}_API_KEY.`);
    return answer.status < 500
      ? fine(system, base)
      : unreachable(system, `${base} answers ${answer.status}`, 'It is ill; look at its status page.');
  });
}
