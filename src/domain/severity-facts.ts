import type { Alert } from './alert.ts';
import type { SeverityFacts } from './classify.ts';
import type { EvidenceBundle } from './evidence.ts';
import { findingIn, measured } from './findings.ts';
import type { ClassificationPolicy } from './policy.ts';
import type { Severity } from './severity.ts';
import { claimsInTexts, severityNamed } from './severity-claims.ts';

/** Nearly everything that a provider is asked fails: "completely failing" (R0.6). */
const PROVIDER_FAILING_ERROR_RATIO = 0.9;
/** Failing health checks mean "down" only when measured requests do not say the opposite. */
const DOWN_ERROR_RATIO = 0.99;
const DATABASE_GONE_ERROR_RATIO = 0.5;

/** What is known about the impact, from the firing alerts and the latest evidence (null before the first look). */
export function severityFacts(
  alerts: readonly Alert[],
  bundle: EvidenceBundle | null,
  policy: ClassificationPolicy,
): SeverityFacts {
  const firing = alerts.filter((alert) => alert.status === 'firing');
  const texts = firing
    .flatMap((alert) => [alert.name, alert.summary, alert.annotations.description ?? ''])
    .filter((text) => text !== '');
  const claimed = firing.flatMap((alert): Severity[] => {
    const named = alert.claimedSeverity ?? severityNamed(alert.summary) ?? severityNamed(alert.name);
    return named === null ? [] : [named];
  });
  const errorRatio = measured(findingIn(bundle, 'error-rate')?.ratio);
  const p95Seconds = measured(findingIn(bundle, 'latency')?.p95Seconds);
  const usersAffectedRatio = measured(findingIn(bundle, 'affected-users')?.ratio);
  const said = claimsInTexts(texts, policy.keywords);
  return {
    down: !isBlind(bundle) && isDown(bundle, errorRatio),
    usersAffectedRatio,
    dataLoss: null,
    errorRatio,
    p95Seconds,
    claimed,
    texts,
    failingProviders: failingProviders(bundle),
    minorFeature: false,
    impactKnownMinimal:
      saidMinimal(
        claimed,
        said.map((claim) => claim.severity),
      ) || measuredMinimal({ errorRatio, p95Seconds, usersAffectedRatio }, policy),
    measured: bundle !== null && !isOnlyLate(bundle),
  };
}

/** In the first look one question may simply have got its answer too late: it is asked again before anybody is alarmed. */
function isOnlyLate(bundle: EvidenceBundle): boolean {
  return bundle.purpose === 'first-assessment' && bundle.gaps.some((gap) => gap.probe === 'affected-users');
}

/** When hardly any question was answered, a health check without an answer says more about us than about the service. */
function isBlind(bundle: EvidenceBundle | null): boolean {
  return bundle !== null && bundle.gaps.length >= bundle.items.length;
}

/** Everybody who says something says P3. */
function saidMinimal(claimed: readonly Severity[], said: readonly Severity[]): boolean {
  const all = [...claimed, ...said];
  return all.length > 0 && all.every((severity) => severity === 'P3');
}

function measuredMinimal(
  now: {
    readonly errorRatio: number | null;
    readonly p95Seconds: number | null;
    readonly usersAffectedRatio: number | null;
  },
  policy: ClassificationPolicy,
): boolean {
  const { errorRatio, p95Seconds, usersAffectedRatio } = now;
  if (errorRatio === null || p95Seconds === null || usersAffectedRatio === null) return false;
  return (
    errorRatio < policy.errorRatioP2From &&
    p95Seconds < policy.p95SecondsP2From &&
    usersAffectedRatio <= policy.errorRatioP2From
  );
}

function isDown(bundle: EvidenceBundle | null, errorRatio: number | null): boolean {
  if (errorRatio !== null && errorRatio >= DOWN_ERROR_RATIO) return true;
  const checks = findingIn(bundle, 'service-health')?.checks ?? [];
  const unhealthy = checks.length > 0 && checks.every((check) => !check.ok);
  if (unhealthy && errorRatio === null) return true;
  return databaseGone(bundle) && (errorRatio === null || errorRatio > DATABASE_GONE_ERROR_RATIO);
}

/** "Database unavailable" is P0; a pool that is merely full refuses us too, with words of its own, and is not. */
function databaseGone(bundle: EvidenceBundle | null): boolean {
  const answer = findingIn(bundle, 'database-answers');
  if (answer === null || answer.answers) return false;
  return !/too many (clients|connections)|remaining connection slots|53300|canceling statement|timeout/i.test(
    answer.error ?? '',
  );
}

function failingProviders(bundle: EvidenceBundle | null): readonly string[] {
  const traffic = findingIn(bundle, 'provider-traffic')?.providers ?? [];
  return traffic
    .filter((provider) => (measured(provider.errorRatio) ?? 0) >= PROVIDER_FAILING_ERROR_RATIO)
    .map((provider) => provider.name);
}
