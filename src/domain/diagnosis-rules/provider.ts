import { measured } from '../findings.ts';
import { exactPercent } from '../format.ts';
import { Draft, remedy, target } from './draft.ts';
import type { Reading } from './reading.ts';
import { naming, total } from './signals.ts';

/** Below this a provider's errors are the everyday ones. */
const EVERYDAY_ERROR_RATIO = 0.05;

interface ProviderSignal {
  readonly name: string;
  readonly fallback: string | null;
  readonly errorRatio: number | null;
  readonly api: 'ok' | 'unauthorised' | 'down' | 'unknown';
  readonly statusPage: 'operational' | 'degraded' | 'down' | 'unknown';
}

/** A provider outside fails (R3.5); its own status page may well be silent about it. */
export function providerRules(reading: Reading): readonly Draft[] {
  const signals = providerSignals(reading);
  return signals.flatMap((signal) => {
    const draft = outage(reading, signal, signals.find((other) => other.name === signal.fallback) ?? null);
    return draft === null ? [] : [draft];
  });
}

function providerSignals(reading: Reading): readonly ProviderSignal[] {
  const health = reading.found('providers')?.finding.providers ?? [];
  const traffic = reading.found('provider-traffic')?.finding.providers ?? [];
  return reading.policy.service.providers.map(({ name, fallback }) => {
    const own = health.find((provider) => provider.name === name);
    return {
      name,
      fallback,
      errorRatio: measured(traffic.find((provider) => provider.name === name)?.errorRatio),
      api: own?.api ?? 'unknown',
      statusPage: own?.statusPage ?? 'unknown',
    };
  });
}

function outage(reading: Reading, signal: ProviderSignal, fallback: ProviderSignal | null): Draft | null {
  const { name, errorRatio } = signal;
  const draft = new Draft({
    cause: 'provider-outage',
    names: [name],
    words:
      errorRatio === null
        ? `Provider ${name} is failing.`
        : `Provider ${name} is failing: ${exactPercent(errorRatio)} of the requests to it fail.`,
    tellApart: `a request to ${name} from outside the service`,
    suggests: remediesFor(reading, signal, fallback),
  });
  const traffic = reading.found('provider-traffic');
  if (traffic !== null && errorRatio !== null) {
    const weight = errorRatio >= 0.5 ? 0.65 : errorRatio >= 0.2 ? 0.5 : errorRatio >= EVERYDAY_ERROR_RATIO ? 0.35 : 0;
    draft.support(
      traffic.id,
      weight * traffic.freshness,
      `${exactPercent(errorRatio)} of the requests to ${name} fail`,
    );
    if (weight === 0)
      draft.contradict(traffic.id, 0.7, `only ${exactPercent(errorRatio)} of the requests to ${name} fail`);
  }
  const health = reading.found('providers');
  if (health !== null) {
    if (signal.api === 'down') draft.support(health.id, 0.45 * health.freshness, `the API of ${name} does not answer`);
    if (signal.api === 'unauthorised' && errorRatio !== null && errorRatio >= EVERYDAY_ERROR_RATIO)
      draft.support(health.id, 0.2, `the API of ${name} refuses the key`);
    if (signal.api === 'ok') draft.contradict(health.id, 0.1, `the API of ${name} answers`);
    if (signal.statusPage === 'degraded' || signal.statusPage === 'down')
      draft.support(health.id, 0.35 * health.freshness, `the status page of ${name} says ${signal.statusPage}`);
  }
  supportByLogs(reading, name, draft);
  return draft.confidence > 0 ? draft : null;
}

function supportByLogs(reading: Reading, name: string, draft: Draft): void {
  const logs = reading.logs('provider', 'rate-limit', 'timeout');
  const own = naming(logs.patterns, namePattern(reading, name));
  const example = own[0];
  if (example === undefined) return;
  const share =
    total(own) /
    Math.max(
      1,
      reading.logs('provider', 'rate-limit', 'timeout', 'database-connection', 'exception', 'fatal', 'cache', 'other')
        .count,
    );
  draft.support(
    logs.evidenceId,
    share >= 0.5 ? 0.4 : 0.2,
    `${total(own)} log lines about ${name}, e.g. "${example.example}"`,
  );
}

function namePattern(reading: Reading, name: string): RegExp {
  const provider = reading.policy.service.providers.find((one) => one.name === name);
  const names = [name, ...(provider?.alsoCalled ?? [])];
  return new RegExp(names.map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'i');
}

/** The runbook's order: breaker, then failover, and that only to a provider that is itself well. */
function remediesFor(reading: Reading, signal: ProviderSignal, fallback: ProviderSignal | null) {
  if (reading.policy.service.adminApi === null) return [];
  const on = target(reading, 'provider', signal.name);
  const breaker = remedy(
    'open-breaker',
    on,
    `requests stop waiting for ${signal.name} and fail fast or use what is left`,
    false,
  );
  const fallbackIll = fallback === null || fallback.api === 'down' || (fallback.errorRatio ?? 0) >= 0.2;
  const letDown = reading.input.remediesTried.some(
    (tried) => tried.action === 'provider-failover' && tried.target.name === signal.name && tried.helped === false,
  );
  // An open breaker fails every call at once: without somewhere to go that is no better than calls that may succeed.
  if (fallbackIll || letDown) return [];
  return [
    breaker,
    remedy('provider-failover', on, `${fallback.name} is well and takes over the requests of ${signal.name}`, true, {
      primary: signal.name,
      fallback: fallback.name,
    }),
  ];
}
