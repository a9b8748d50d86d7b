import type { Instant } from '../../domain/instant.ts';
import type { OnCallReading } from '../../domain/on-call.ts';
import type { Actor, Contact } from '../../domain/people.ts';
import type { OnCallSource } from '../../domain/policy.ts';

export interface ReadPagesInput {
  readonly incidentId: string;
  /** Whom the incident paged, or tried to. */
  readonly contacts: readonly Contact[];
  /** Of alerts that had paged somebody before they came to us. */
  readonly alertFingerprints: readonly string[];
}

/** What people did to the pages in the paging system itself, e.g. by a tap on the phone. */
export interface PagesReading {
  /** False where the paging system cannot be asked: nothing is known then, and nothing is wrong. */
  readonly asked: boolean;
  /** Of each page that somebody answered there; the earliest first. */
  readonly answers: readonly PageAnswer[];
}

export interface PageAnswer {
  readonly did: 'acknowledged' | 'resolved';
  readonly by: Actor;
  readonly at: Instant;
}

export interface ReadOnCallInput {
  readonly wanted: readonly { readonly contact: Contact; readonly source: OnCallSource }[];
}

/** The paging system as it is asked; paging itself is a publication. One attempt each: the incident asks again. */
export interface PagingActivities {
  /** Where the pages stand there (R1.4): a webhook that would have said so may have been lost. */
  readPages(input: ReadPagesInput): Promise<PagesReading>;
  /** Who holds these contacts now (R0.8); by the policy's own list, and said, where the paging system does not tell. */
  readOnCall(input: ReadOnCallInput): Promise<OnCallReading>;
}
