import { exactPercent } from './format.ts';
import type { ClassificationPolicy } from './policy.ts';
import { higherOf, oneHigher, type Severity } from './severity.ts';
import { claimsInTexts } from './severity-claims.ts';

/**
 * What is known about the impact when severity is assessed (R0.5); made by `severityFacts`. Ratios are 0..1,
 * null is "unknown", never zero.
 */
export interface SeverityFacts {
  /** The system as a whole does not serve. */
  readonly down: boolean;
  /** Users with at least half of their requests failing over five minutes, of all users seen. */
  readonly usersAffectedRatio: number | null;
  readonly dataLoss: 'none' | 'partial' | 'full' | null;
  readonly errorRatio: number | null;
  readonly p95Seconds: number | null;
  /** What the alerts themselves, or people, claim: evidence like others; the highest wins. */
  readonly claimed: readonly Severity[];
  /** What alerts and people wrote; looked through for the runbook's examples (R0.6). */
  readonly texts: readonly string[];
  /** Providers of which nearly everything fails (R0.6: "single AI provider completely failing" is P1). */
  readonly failingProviders: readonly string[];
  readonly minorFeature: boolean;
  /** Somebody said, or measurements show, that hardly anybody notices. Without it nothing is P3. */
  readonly impactKnownMinimal: boolean;
  /** False before the first look at production: then unknown means "not asked yet" and raises nothing. */
  readonly measured: boolean;
}

export interface Classification {
  readonly severity: Severity;
  /** True while something that could raise the severity is unknown. */
  readonly provisional: boolean;
  /** Why, the decisive reasons first; never empty. */
  readonly reasons: readonly string[];
}

interface Reason {
  readonly severity: Severity;
  readonly words: string;
}

/**
 * The runbook's decision tree (R0.5). The boundary values: exactly 50% of the users is P1, exactly 25% decides
 * nothing, exactly 10% errors and exactly 5 s are P2, exactly 5% errors and exactly 2 s are P2.
 */
export function classify(facts: SeverityFacts, policy: ClassificationPolicy): Classification {
  const reasons = [...treeReasons(facts, policy), ...claimReasons(facts, policy)];
  const known = reasons.reduce<Severity>((highest, reason) => higherOf(highest, reason.severity), 'P3');
  if (known === 'P3' && !facts.impactKnownMinimal) {
    return {
      severity: 'P2',
      provisional: true,
      reasons: ['P2: nobody knows the impact, so it does not count as minimal', ...reasons.map(inWords)],
    };
  }
  if (reasons.length === 0) reasons.push({ severity: 'P3', words: 'the impact is known to be minimal' });

  const decisive = reasons.filter((reason) => reason.severity === known);
  const others = reasons
    .filter((reason) => reason.severity !== known)
    .sort((a, b) => a.severity.localeCompare(b.severity));
  const words = [...decisive, ...others].map(inWords);
  const usersUnknown = facts.usersAffectedRatio === null && known !== 'P0' && known !== 'P3';
  if (!usersUnknown) return { severity: known, provisional: false, reasons: words };

  const raised = oneHigher(known);
  if (!facts.measured || !usersCouldReach(raised, facts, policy))
    return { severity: known, provisional: true, reasons: words };
  return {
    severity: raised,
    provisional: true,
    reasons: [`${raised}: nobody knows how many users are affected, so one level above what is known`, ...words],
  };
}

function treeReasons(facts: SeverityFacts, policy: ClassificationPolicy): Reason[] {
  const { usersAffectedRatio: users, errorRatio: errors, p95Seconds: p95 } = facts;
  const reasons: Reason[] = [];
  const say = (severity: Severity, words: string) => reasons.push({ severity, words });
  if (facts.down) say('P0', 'the system is completely down');
  if (facts.dataLoss === 'full') say('P0', 'data is lost or corrupted');
  if (facts.dataLoss === 'partial') say('P1', 'part of the data is lost or corrupted');
  if (users !== null) {
    const share = `${exactPercent(users)} of the users are affected`;
    if (users > policy.usersAffectedP0Above)
      say('P0', `${share}, more than ${exactPercent(policy.usersAffectedP0Above)}`);
    else if (users > policy.usersAffectedP1Above)
      say('P1', `${share}, more than ${exactPercent(policy.usersAffectedP1Above)}`);
    else if (users > policy.errorRatioP2From) say('P2', `${share}: a subset, not hardly any`);
  }
  if (errors !== null) {
    if (errors > policy.errorRatioP1Above)
      say('P1', `${exactPercent(errors)} of the requests fail, more than ${exactPercent(policy.errorRatioP1Above)}`);
    else if (errors >= policy.errorRatioP2From)
      say('P2', `${exactPercent(errors)} of the requests fail, ${exactPercent(policy.errorRatioP2From)} or more`);
  }
  if (p95 !== null) {
    if (p95 > policy.p95SecondsP1Above)
      say('P1', `p95 is ${seconds(p95)}, more than ${seconds(policy.p95SecondsP1Above)}`);
    else if (p95 >= policy.p95SecondsP2From)
      say('P2', `p95 is ${seconds(p95)}, ${seconds(policy.p95SecondsP2From)} or more`);
  }
  for (const provider of facts.failingProviders) say('P1', `provider ${provider} is failing completely`);
  if (facts.minorFeature) say('P2', 'a feature that is not critical is impaired');
  return reasons;
}

function claimReasons(facts: SeverityFacts, policy: ClassificationPolicy): Reason[] {
  const claimed = [...new Set(facts.claimed)].map((severity) => ({
    severity,
    words: `an alert or a person says ${severity}`,
  }));
  const texts = claimsInTexts(facts.texts, policy.keywords).map(({ severity, because, phrase }) => ({
    severity,
    words: `${because} ("${phrase}")`,
  }));
  return [...claimed, ...texts];
}

/**
 * A user counts as affected when half of their requests fail, so at most twice the error ratio of equally busy users
 * can be. P0 needs that to be measured: on a guess alone nobody wakes the managers.
 */
function usersCouldReach(severity: Severity, facts: SeverityFacts, policy: ClassificationPolicy): boolean {
  const atMost = facts.errorRatio === null ? null : 2 * facts.errorRatio;
  switch (severity) {
    case 'P0':
      return atMost !== null && atMost > policy.usersAffectedP0Above;
    case 'P1':
      return atMost === null || atMost > policy.usersAffectedP1Above;
    case 'P2':
    case 'P3':
      return true;
  }
}

function inWords(reason: Reason): string {
  return `${reason.severity}: ${reason.words}`;
}

function seconds(value: number): string {
  return `${Number(value.toFixed(2))} s`;
}
