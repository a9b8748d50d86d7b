import { loadPolicy } from '../../src/config/policy.ts';
import { type DiagnosisInput, explain } from '../../src/domain/diagnose.ts';
import type { EvidenceBundle } from '../../src/domain/evidence.ts';
import type { Target } from '../../src/domain/remedy.ts';
import { alert, at, connections, errors, logs, revision, rollouts, statements } from './diagnosis-scene.ts';

export const policy = await loadPolicy('policy/noa.yaml');
export const APPLICATION: Target = { kind: 'deployment', namespace: 'noa-server', name: 'noa-mcp' };
export const POOL_LINES = ['database-connection', 120, 'Error: timeout exceeded when trying to connect'] as const;

export function diagnose(bundles: EvidenceBundle | readonly EvidenceBundle[], extra: Partial<DiagnosisInput> = {}) {
  return explain({
    bundles: Array.isArray(bundles) ? bundles : [bundles as EvidenceBundle],
    alerts: [alert()],
    remediesTried: [],
    policy,
    now: at(6),
    ...extra,
  });
}

export function first(bundles: EvidenceBundle | readonly EvidenceBundle[], extra: Partial<DiagnosisInput> = {}) {
  const best = diagnose(bundles, extra)[0];
  if (best === undefined) throw new Error('explain answered nothing');
  return best;
}

export function actions(hypothesis: { readonly suggests: readonly { readonly action: string }[] }) {
  return hypothesis.suggests.map((suggestion) => suggestion.action);
}

export const FEATURE_X = rollouts({
  name: 'noa-mcp',
  current: revision(7, 'feature X: pending requests', -15),
  previous: revision(6, 'weekly release', -5000),
});
export const POOL_EXHAUSTED = [errors(0.45), connections(98, 2, { longest: 9 }), statements({}), logs([...POOL_LINES])];
