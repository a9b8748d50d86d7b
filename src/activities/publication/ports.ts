import type { Contact } from '../../domain/people.ts';
import type { ChatBlock } from '../../views/chat-blocks.ts';
import type { PageView } from '../../views/page.ts';
import type { StatusPost } from '../../views/status-page.ts';

/** What a publication round needs of the chat; every call throws the failures of failures.ts. */
export interface ChatPort {
  openChannel(input: {
    readonly incidentId: string;
    readonly name: string;
    readonly topic: string;
    readonly inviteChatIds: readonly string[];
    readonly bookmarks: readonly { readonly title: string; readonly url: string }[];
  }): Promise<{
    readonly channelId: string;
    readonly name: string;
    readonly adopted: boolean;
    readonly warnings: readonly string[];
  }>;
  /** Who is there already stays there; answers what could not be done, in words. */
  invite(channel: string, chatIds: readonly string[]): Promise<readonly string[]>;
  post(message: {
    readonly channel: string;
    readonly text: string;
    readonly blocks: readonly ChatBlock[];
    readonly incidentId: string;
    readonly key: string;
  }): Promise<{ readonly ref: string }>;
  /** The message says this from now on. */
  edit(message: {
    readonly channel: string;
    readonly ref: string;
    readonly text: string;
    readonly blocks: readonly ChatBlock[];
    readonly incidentId: string;
    readonly key: string;
  }): Promise<void>;
  /** What is pinned already stays pinned. */
  pin(channel: string, ref: string): Promise<void>;
  findPosted(channel: string, key: string): Promise<string | null>;
  groupMentions(handles: readonly string[]): Promise<Readonly<Record<string, string | null>>>;
}

export interface StatusPagePort {
  find(incidentId: string, ref: string | null): Promise<ShownStatus | null>;
  create(post: StatusPost & PostMark): Promise<ShownStatus>;
  update(ref: string, post: StatusPost & PostMark): Promise<ShownStatus>;
}

export interface PostMark {
  readonly incidentId: string;
  readonly key: string;
}

export interface ShownStatus {
  readonly ref: string;
  readonly status: string;
  readonly latestKey: string | null;
}

export interface MailPort {
  send(mail: {
    readonly key: string;
    readonly from: string;
    readonly to: readonly string[];
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly calendar: string | null;
    /** Those of `to` who have not got it yet; everybody when left out. */
    readonly only?: readonly string[];
  }): Promise<{
    readonly ref: string;
    readonly rejected: readonly string[];
    /** Whom the server would not take it for just now. */
    readonly putOff: readonly string[];
  }>;
}

export interface PagingPort {
  page(
    event: PageView & {
      readonly action: 'trigger' | 'acknowledge' | 'resolve';
      readonly pagingService: string;
      readonly dedupKey: string;
      readonly source: string;
      readonly at: string;
    },
  ): Promise<{ readonly ref: string }>;
}

export interface PageNotePort {
  /** Once for a key: what stands there is read first. */
  note(request: {
    readonly key: string;
    readonly incidentId: string;
    readonly page: { readonly contact: Contact } | { readonly alertFingerprint: string };
    readonly text: string;
  }): Promise<{ readonly already: boolean }>;
}
