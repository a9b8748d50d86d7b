import { afterEach, describe, expect, it } from 'vitest';
import { createProvidersClient } from '../../../src/activities/providers/client.ts';
import { openWire, type Wire, type WireAnswer } from '../wire.ts';

let wire: Wire | null = null;
afterEach(() => wire?.close());

const page = (
  indicator: string,
  components: readonly { name: string; status: string }[],
  incidents: readonly string[] = [],
): WireAnswer => ({
  body: {
    status: { indicator, description: indicator },
    components,
    incidents: incidents.map((name) => ({ name, status: 'investigating' })),
  },
});

async function healthOf(
  api: WireAnswer | 'silence' | 'cut',
  status: WireAnswer | 'silence',
  apiKey: string | null = 'sk-test-0123456789abcdef',
) {
  wire = await openWire((request) => (request.url.pathname === '/v1/models' ? api : status));
  const endpoint = { kind: 'anthropic' as const, apiUrl: wire.url, apiKey, statusUrl: wire.url };
  return createProvidersClient({
    endpoints: { claude: endpoint },
    timeoutMilliseconds: api === 'silence' || status === 'silence' ? 200 : 4000,
  }).health('claude');
}

const well = page('none', [{ name: 'API', status: 'operational' }]);
const models: WireAnswer = { body: { data: [], has_more: false } };

describe('the health of a provider (R3.2.2, R3.5.1)', () => {
  it('is ok when it lists its models and its page agrees', async () => {
    expect(await healthOf(models, well)).toMatchObject({ api: 'ok', statusPage: 'operational' });
    expect(wire?.requests.find((request) => request.url.pathname === '/v1/models')?.headers).toMatchObject({
      'x-api-key': 'sk-test-0123456789abcdef',
      'anthropic-version': '2023-06-01',
    });
  });

  it.each([
    [{ status: 401 }, 'unauthorised'],
    [{ status: 529, body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } }, 'down'],
    [{ status: 500 }, 'down'],
    ['silence' as const, 'down'],
    ['cut' as const, 'down'],
    [{ status: 429 }, 'unknown'],
    [{ body: '<html></html>' }, 'unknown'],
  ])('reads the API answering %j as %s', async (api, expected) => {
    expect(await healthOf(api, well)).toMatchObject({ api: expected });
  });

  it('says that a refusal without a key only proves that it is reachable', async () => {
    expect((await healthOf({ status: 401 }, well, null)).detail).toContain('no key is configured');
  });

  it.each([
    [
      page('major', [
        { name: 'claude.ai', status: 'major_outage' },
        { name: 'Claude API (api.anthropic.com)', status: 'operational' },
      ]),
      'operational',
    ],
    [page('minor', [{ name: 'API', status: 'partial_outage' }], ['Elevated errors']), 'degraded'],
    [page('critical', [{ name: 'Chat', status: 'major_outage' }]), 'down'],
    [page('none', []), 'unknown'],
    [{ body: '<html>we moved</html>' }, 'unknown'],
    [{ status: 500 }, 'unknown'],
    ['silence' as const, 'unknown'],
  ])('reads a status page: %j is %s', async (status, expected) => {
    expect(await healthOf(models, status)).toMatchObject({ statusPage: expected });
  });

  it('knows nothing of a provider without an address', async () => {
    expect(await createProvidersClient({ endpoints: {}, timeoutMilliseconds: 10 }).health('other')).toMatchObject({
      api: 'unknown',
      statusPage: 'unknown',
    });
  });
});
