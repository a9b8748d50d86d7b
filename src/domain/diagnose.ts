import type { CauseKind, Hypothesis, SuggestedRemedy } from './diagnosis.ts';
import { clusterRules } from './diagnosis-rules/cluster.ts';
import { databaseRules } from './diagnosis-rules/database.ts';
import { deployRules } from './diagnosis-rules/deploy.ts';
import { Draft } from './diagnosis-rules/draft.ts';
import { loadRules } from './diagnosis-rules/load.ts';
import { providerRules } from './diagnosis-rules/provider.ts';
import { type DiagnosisInput, type Reading, type RemedyTried, read } from './diagnosis-rules/reading.ts';
import { reportedRules } from './diagnosis-rules/reported.ts';

export type { DiagnosisInput } from './diagnosis-rules/reading.ts';

/** Longer lists help nobody at night. */
const MAXIMUM_HYPOTHESES = 8;
/** Causes that carry their deploy among their names; the deploy by itself is then the less precise explanation. */
const MECHANISMS = new Set<CauseKind>(['slow-query', 'memory-leak', 'connection-leak', 'pods-stuck']);

/**
 * What is probably wrong, most probable first (R2.20). Pure and deterministic: the same evidence gives the same
 * answer, in the same order. The first is `unknown` when nothing reaches the policy's `diagnosis.unknownBelow`; two
 * faults at once are two hypotheses that both reach it. Remedies already tried move the ranking, and what was tried
 * without help is not suggested again.
 */
export function explain(input: DiagnosisInput): readonly Hypothesis[] {
  const reading = read(input);
  const reported = reportedRules(reading);
  const founded = [
    ...databaseRules(reading),
    ...providerRules(reading),
    ...loadRules(reading),
    ...clusterRules(reading),
    ...reported,
  ];
  const drafts = [...founded, ...deployRules(reading, founded)];
  for (const draft of drafts) weighRemedies(draft, input.remediesTried);
  holdAgainstConfigChanges(drafts);

  const ranked = drafts
    .map((draft) => ({ draft, confidence: confidenceAmong(draft, drafts) }))
    .filter(({ confidence }) => confidence > 0)
    .sort((a, b) => b.confidence - a.confidence || a.draft.id.localeCompare(b.draft.id))
    .slice(0, MAXIMUM_HYPOTHESES);
  const hypotheses = ranked.map(({ draft, confidence }, index) =>
    draft.finished(
      confidence,
      index === ranked.length - 1 ? null : draft.tellApart,
      stillWorthTrying(draft.suggests, input.remediesTried),
    ),
  );
  const best = hypotheses[0];
  return best === undefined || best.confidence < input.policy.diagnosis.unknownBelow
    ? [unknown(reading, best ?? null), ...hypotheses]
    : hypotheses;
}

/** Whether two explanations are both well enough founded to be two faults at once. */
export function causesFound(hypotheses: readonly Hypothesis[], unknownBelow: number): readonly Hypothesis[] {
  return hypotheses.filter((hypothesis) => hypothesis.cause !== 'unknown' && hypothesis.confidence >= unknownBelow);
}

/**
 * What is seen to be down by asking it is no less down because one cure failed: the next one is called for (R3.1.5). So is a
 * provider by the requests to it: a failover that did not help tells of whoever stood in.
 */
const SEEN: ReadonlySet<Hypothesis['cause']> = new Set(['postgres-down', 'redis-down', 'node-down', 'provider-outage']);

/** A cure that worked speaks for its cause, one that did not against it; relief says less than a lasting cure. */
function weighRemedies(draft: Draft, tried: readonly RemedyTried[]): void {
  for (const remedy of tried) {
    const suggestion = draft.suggests.find((candidate) => isSame(candidate, remedy)) ?? undoneDeploy(draft, remedy);
    if (suggestion === null || remedy.helped === null) continue;
    const id = `remedy:${remedy.action}/${remedy.target.name}`;
    const what = `${remedy.action} of ${remedy.target.name}`;
    if (remedy.helped) draft.support(id, suggestion.lasting ? 0.5 : 0.15, `${what} helped`);
    else draft.contradict(id, suggestion.lasting && !SEEN.has(draft.cause) ? 0.7 : 0.15, `${what} did not help`);
  }
}

/** After an undo the deploy is no longer live and no longer suggests its undo, which still tells about it. */
function undoneDeploy(draft: Draft, remedy: RemedyTried): { readonly lasting: boolean } | null {
  return remedy.action === 'rollback' &&
    draft.names.includes(remedy.target.name) &&
    (draft.cause === 'bad-deploy' || MECHANISMS.has(draft.cause))
    ? { lasting: true }
    : null;
}

/** A changed configuration is a suspect by timing alone, so any better founded cause makes it a coincidence. */
function holdAgainstConfigChanges(drafts: readonly Draft[]): void {
  const rival = drafts
    .filter((draft) => draft.cause !== 'config-change')
    .sort((a, b) => b.confidence - a.confidence)[0];
  if (rival === undefined || rival.confidence < 0.5) return;
  for (const draft of drafts) {
    if (draft.cause === 'config-change' && draft.confidence < rival.confidence + 0.05)
      draft.contradict(draft.id, 0.45, `something else explains what is seen: ${rival.words}`);
  }
}

/** The mechanism, which names its deploy, goes before the deploy that brought it: it explains more. */
function confidenceAmong(draft: Draft, drafts: readonly Draft[]): number {
  if (draft.cause !== 'bad-deploy') return draft.confidence;
  const [deployment, change] = draft.names;
  const carried = drafts.find(
    (other) =>
      MECHANISMS.has(other.cause) &&
      deployment !== undefined &&
      change !== undefined &&
      other.names.includes(deployment) &&
      other.names.includes(change),
  );
  return carried === undefined || carried.confidence < 0.5
    ? draft.confidence
    : Math.min(draft.confidence, Math.max(0, carried.confidence - 0.01));
}

/** Lasting cures that failed are gone; relief that wore off goes last. */
function stillWorthTrying(
  suggests: readonly SuggestedRemedy[],
  tried: readonly RemedyTried[],
): readonly SuggestedRemedy[] {
  const left = suggests.filter(
    (suggestion) => !tried.some((remedy) => isSame(suggestion, remedy) && remedy.helped === false),
  );
  const repeated = (suggestion: SuggestedRemedy) => tried.some((remedy) => isSame(suggestion, remedy));
  return [...left.filter((suggestion) => !repeated(suggestion)), ...left.filter(repeated)];
}

function isSame(suggestion: SuggestedRemedy, remedy: RemedyTried): boolean {
  return (
    suggestion.action === remedy.action &&
    suggestion.target.kind === remedy.target.kind &&
    suggestion.target.name === remedy.target.name
  );
}

/** Honest: nothing is suggested, and people are told what is missing. */
function unknown(reading: Reading, best: Hypothesis | null): Hypothesis {
  const gaps = reading.input.bundles.at(-1)?.gaps ?? [];
  const missing =
    gaps.length === 0 ? '' : ` No answer came from ${[...new Set(gaps.map((gap) => gap.source))].join(', ')}.`;
  const guess =
    best === null
      ? 'Nothing that was looked at is out of the ordinary.'
      : `The best guess is only a guess: ${best.words}`;
  return new Draft({
    cause: 'unknown',
    names: [],
    words: `The cause is not known. ${guess}${missing} A person has to look.`,
    tellApart: '',
    suggests: [],
  }).finished(0, best === null ? null : best.wouldTellApart, []);
}
