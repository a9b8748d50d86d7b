import type { PeopleSettings } from '../people.ts';

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  text: string;
  blocks: readonly unknown[];
  metadata: unknown;
  readonly threadTs: string | null;
  /** A person who alone sees it; null for everybody. */
  readonly onlyFor: string | null;
  edited: boolean;
  readonly atMs: number;
}

export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  readonly createdAtMs: number;
  topic: string;
  purpose: string;
  archived: boolean;
  readonly members: Set<string>;
  readonly pins: string[];
  readonly bookmarks: { readonly id: string; readonly title: string; readonly link: string; readonly type: string }[];
}

/** A modal that somebody has before them; its hash changes with each change. */
export interface SlackView {
  readonly id: string;
  readonly triggerId: string;
  view: unknown;
  hash: string;
  readonly atMs: number;
}

/** A file: a place for bytes, then the bytes, then shown in a channel. */
export interface SlackFile {
  readonly id: string;
  readonly filename: string;
  readonly length: number;
  content: Buffer | null;
  title: string;
  channel: string | null;
}

/** What was done to the workspace, for the judge. */
export interface SlackEntry {
  readonly atMs: number;
  readonly method: string;
  readonly channel: string | null;
  readonly ts: string | null;
  readonly text: string;
}

export const BOT_USER = 'U0BOT01';
export const TEAM = 'T0SIM01';

/** Channels, people and messages. */
export class Workspace {
  readonly people: PeopleSettings;
  readonly channels: SlackChannel[] = [];
  readonly messages: SlackMessage[] = [];
  readonly ledger: SlackEntry[] = [];
  readonly views: SlackView[] = [];
  /** What each person's home of the app shows. */
  readonly homes = new Map<string, unknown>();
  readonly files: SlackFile[] = [];
  /** Triggers that were handed out with what people did, until each is used. */
  readonly triggers = new Map<string, { readonly atMs: number; used: boolean }>();

  readonly botUser = BOT_USER;
  /** Where uploads go; known once the server listens. */
  uploadBase = '';

  constructor(people: PeopleSettings, startMs: number) {
    this.people = people;
    for (const name of people.channels) this.create(name, BOT_USER, startMs);
  }

  create(name: string, creator: string, atMs: number): SlackChannel {
    const channel: SlackChannel = {
      id: `C0${String(this.channels.length + 1).padStart(7, '0')}`,
      name,
      creator,
      createdAtMs: atMs,
      topic: '',
      purpose: '',
      archived: false,
      members: new Set([creator]),
      pins: [],
      bookmarks: [],
    };
    this.channels.push(channel);
    return channel;
  }

  /** By id, or by name with or without #. */
  find(channel: string): SlackChannel | null {
    const name = channel.replace(/^#/, '');
    return this.channels.find((one) => one.id === channel || one.name === name) ?? this.#directly(channel);
  }

  /** A message to a user's id opens the conversation with them. */
  #directly(user: string): SlackChannel | null {
    const person = this.people.people.find(({ chatId }) => chatId === user);
    if (person === undefined) return null;
    const id = `D0${user.slice(1)}`;
    const known = this.channels.find((one) => one.id === id);
    if (known !== undefined) return known;
    const opened = this.create(`direct-${person.handle}`, BOT_USER, 0);
    const direct: SlackChannel = { ...opened, id };
    this.channels.splice(this.channels.indexOf(opened), 1, direct);
    return direct;
  }

  post(message: Omit<SlackMessage, 'ts' | 'edited'>): SlackMessage {
    // Unique within the second, and growing: a message's ts is its name.
    const ts = `${Math.floor(message.atMs / 1000)}.${String(this.messages.length + 1).padStart(6, '0')}`;
    const posted = { ...message, ts, edited: false };
    this.messages.push(posted);
    return posted;
  }

  message(channel: string, ts: string): SlackMessage | null {
    return this.messages.find((one) => one.channel === channel && one.ts === ts) ?? null;
  }
}
