import type { PageNote } from '../../domain/communication-policy.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { MessageTemplates } from '../../domain/message-templates.ts';
import type { Contact } from '../../domain/people.ts';
import type { ReviewPolicy } from '../../domain/review-policy.ts';
import type { PublicStatus } from '../../domain/timeline.ts';

/**
 * One thing to send. `key` is incident + what + count: the same key is never sent twice. `again` is true when an
 * earlier round failed to send this very key: then the system is asked first whether it has it after all.
 */
export type Delivery = { readonly again?: boolean } & (
  | {
      readonly medium: 'chat';
      readonly key: string;
      readonly what: 'open-channel';
      readonly channelName: string;
      readonly topic: string;
      readonly inviteChatIds: readonly string[];
      readonly bookmarks: readonly { readonly title: string; readonly url: string }[];
    }
  | {
      /** More people into a channel that is there. */
      readonly medium: 'chat';
      readonly key: string;
      readonly what: 'invite';
      readonly channel: string;
      readonly inviteChatIds: readonly string[];
      /** Their names. */
      readonly detail: string;
    }
  | {
      readonly medium: 'chat';
      readonly key: string;
      readonly what: ChatMessage;
      readonly channel: string;
      readonly detail: string | null;
      readonly actionItems?: number;
    }
  | {
      /** The one summary that is pinned in the incident's channel: posted once, then edited in place. */
      readonly medium: 'chat';
      readonly key: string;
      readonly what: 'pinned';
      readonly channel: string;
      /** Where it stands; null before it was first posted. */
      readonly ref: string | null;
    }
  | {
      readonly medium: 'status-page';
      readonly key: string;
      readonly what: StatusMessage;
      readonly ref: string | null;
      readonly detail: string | null;
      /** What the page shows now; a post without news stays at that, whatever is known inside. */
      readonly shown?: PublicStatus;
      /** What the page should show by what we know, and keys of posts whose answers were lost: anything else was done by hand. */
      readonly expected?: PublicStatus | null;
      readonly pendingKeys?: readonly string[];
      /** A person agreed that the page goes back to an earlier state. */
      readonly agreedBackwards?: boolean;
    }
  | {
      readonly medium: 'mail';
      readonly key: string;
      readonly what: MailMessage;
      readonly to: readonly string[];
      readonly detail: string | null;
      /** Of an invitation: how often the same meeting was changed, and whether this change calls it off. */
      readonly sequence?: number;
      readonly calledOff?: boolean;
      /** Everybody who is invited, where only those who came later are written to; left out: `to`. */
      readonly invited?: readonly string[];
    }
  | {
      /** A milestone at the page that woke somebody. */
      readonly medium: 'page-note';
      readonly key: string;
      readonly what: PageNote;
      /** Whose page, or the alert that had paged by itself. */
      readonly page: { readonly contact: Contact } | { readonly alertFingerprint: string };
    }
  | {
      readonly medium: 'page';
      readonly key: string;
      readonly what: 'trigger' | 'acknowledge' | 'resolve';
      readonly contact: Contact;
      readonly pagingService: string;
      readonly detail: string | null;
    }
);

export type ChatMessage =
  | 'announcement'
  | 'initial'
  | 'update'
  | 'no-news'
  | 'resolved'
  | 'reopened'
  | 'question'
  | 'reminder'
  | 'note'
  | 'closed'
  | 'summary';
export type StatusMessage = 'investigating' | 'identified' | 'monitoring' | 'resolved' | 'no-news';
export type MailMessage = 'opened' | 'escalation' | 'resolved' | 'fallback' | 'invitation';

export interface PublishInput {
  readonly facts: IncidentFacts;
  /** The texts these deliveries are spoken with, and no others: histories are kept for years. */
  readonly texts: MessageTemplates;
  /** Groups of the policy that may be called by their mention in the initial alert. */
  readonly chatGroups: readonly string[];
  readonly deliveries: readonly Delivery[];
  /** Length and agenda of the meeting, and whose clock it goes by; needed when one of the deliveries is an invitation. */
  readonly review?: Pick<ReviewPolicy, 'meetingMinutes' | 'agenda'> & { readonly timeZone?: string };
}

/** What became of one delivery. A `failed` one with `permanent: false` is tried again by the incident. */
export interface Receipt {
  readonly key: string;
  readonly result: 'delivered' | 'already-delivered' | 'failed';
  /** The id the other side gave it: channel id, message ts, status incident id, Message-ID, dedup key. */
  readonly ref: string | null;
  /** What was said, at most 1 KB; of an opened channel the name it really got. */
  readonly text: string;
  readonly reason: string | null;
  readonly permanent: boolean;
  readonly retryAfterSeconds: number | null;
  /** Of a status page that somebody changed by hand: the state it showed before this post (R4.4). */
  readonly shownByHand?: PublicStatus;
  /** Of an opened channel: the name it really got, without #; it has a suffix when another incident owned the name. */
  readonly channelName?: string;
}

export interface PublicationActivities {
  /** One round: all deliveries at once, each with its own deadline and receipt; never throws for one of them. */
  publish(input: PublishInput): Promise<readonly Receipt[]>;
}
