import { lessonsOf, runbookAddition } from '../../views/runbook-change.ts';
import { failure } from '../failures.ts';
import type { DraftedRunbookChange, DraftRunbookChangeInput } from './api.ts';
import type { RunbookChangesPort, TextsPort, TimelineStorePort } from './ports.ts';

interface DraftPorts {
  readonly texts: TextsPort;
  readonly store: TimelineStorePort;
  readonly runbookChanges: RunbookChangesPort;
}

/** Written from what was recorded, and from what people wrote of it; null while policy waits for their lessons (R6.5). */
export async function draftRunbookChange(
  { texts, store, runbookChanges }: DraftPorts,
  { facts, postMortemDigest, postMortemUrl, onlyWithLessons }: DraftRunbookChangeInput,
): Promise<DraftedRunbookChange | null> {
  const document = await texts.get(postMortemDigest);
  if (document === null)
    throw failure(
      'NotFound',
      `The post-mortem ${postMortemDigest} of ${facts.incidentId} is not in the evidence store.`,
    );
  const lessons = lessonsOf(document);
  if (lessons === null && onlyWithLessons) return null;
  const timeline = await store.timeline(facts.incidentId);
  const { digest } = await texts.put(runbookAddition({ facts, timeline, lessons, postMortemUrl }));
  const before = await runbookChanges.get(facts.incidentId);
  return before?.stage === 'proposed' ? { digest, before: { digest: before.digest, link: before.link } } : { digest };
}
