import type { EvidenceBundle, EvidenceItem, Finding, ProbeName } from './evidence.ts';

/** The finding a probe makes, e.g. `FindingOf<'error-rate'>`. */
export type FindingOf<P extends ProbeName> = Finding extends infer F
  ? F extends { readonly probe: infer Q }
    ? P extends Q
      ? F
      : never
    : never
  : never;

/** What one probe found in a bundle; null when it was not asked or did not answer. */
export function findingIn<P extends ProbeName>(bundle: EvidenceBundle | null, probe: P): FindingOf<P> | null {
  const item = bundle?.items.find((candidate) => candidate.finding.probe === probe);
  return item === undefined ? null : findingOf(item, probe);
}

export function findingOf<P extends ProbeName>(item: EvidenceItem, _probe: P): FindingOf<P> {
  return item.finding as FindingOf<P>;
}

/** NaN and infinity are what a monitoring system answers when it does not know. */
export function measured(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
