import type { ProviderFact } from './ports.ts';
import { firstOf, jsonBody, NotConfigured, type Probe, type ProbeTable, required } from './probe.ts';

type OutsideProbe = 'providers' | 'status-page' | 'service-health';

const providers: Probe = {
  source: 'AI providers',
  async ask({ providers: port }, { service }) {
    if (service.providers.length === 0) throw new NotConfigured('Policy names no providers.');
    const asked = required(port, 'The connection to the AI providers');
    const all = await Promise.all(service.providers.map((provider) => asked.health(provider.name)));
    const words = all.map((one) => `${one.name}: API ${one.api}, status page ${one.statusPage}`).join('; ');
    return {
      command: service.providers.map((provider) => `curl the models and status page of ${provider.name}`).join('; '),
      words: `${words}.`,
      abnormal: all.some(isUnwell),
      excerpt: all.map((one) => `${one.name}: ${one.detail}`).join('\n'),
      finding: { probe: 'providers', providers: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

/** R2.18: what the public is shown, and of which parts it is said that they are not well. */
const statusPage: Probe = {
  source: 'Status page',
  async ask({ statusPage: port }) {
    const page = await required(port, 'The status page').summary();
    const { indicator, openIncidents } = page;
    const unwell = page.components.filter(({ status }) => status !== 'operational');
    const parts = unwell.map(({ name, status }) => `${name} is ${status.replaceAll('_', ' ')}`).join(', ');
    const open = openIncidents.length === 0 ? 'shows no open incident' : `shows: ${openIncidents.join('; ')}`;
    const words = `The status page says "${indicator}" and ${open}${parts === '' ? '' : `; ${parts}`}.`;
    return {
      command: 'curl -sL $STATUS_PAGE/api/v2/summary.json',
      words,
      abnormal: openIncidents.length > 0 || unwell.length > 0,
      excerpt: words,
      finding: { probe: 'status-page', indicator, openIncidents: firstOf(openIncidents), unwell: firstOf(unwell) },
      ...jsonBody(page),
    };
  },
};

/** R1.7: what a user who reports trouble would see. */
const serviceHealth: Probe = {
  source: 'The service itself',
  async ask({ serviceApi }, { service }) {
    const port = required(serviceApi, 'The address of the service');
    const checks = await Promise.all(service.healthPaths.map((path) => port.check(path)));
    const failing = checks.filter((check) => !check.ok);
    const words =
      failing.length === 0
        ? `All ${checks.length} health checks answer well.`
        : `${failing.length} of ${checks.length} health checks fail: ${failing.map((check) => `${check.url} ${check.status ?? 'no answer'} ${check.detail}`).join('; ')}.`;
    return {
      command: checks.map((check) => `curl -i ${check.url}`).join('; '),
      words,
      abnormal: failing.length > 0,
      excerpt: words,
      finding: { probe: 'service-health', checks: firstOf(checks) },
      ...jsonBody(checks),
    };
  },
};

export const OUTSIDE_PROBES: ProbeTable<OutsideProbe> = {
  providers,
  'status-page': statusPage,
  'service-health': serviceHealth,
};

/** A refused key is trouble too: our calls fail. Unknown is no statement. */
function isUnwell(provider: ProviderFact): boolean {
  return (
    provider.api === 'down' ||
    provider.api === 'unauthorised' ||
    provider.statusPage === 'down' ||
    provider.statusPage === 'degraded'
  );
}
