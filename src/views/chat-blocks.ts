/** Slack's Block Kit as far as it is used here. */
export type ChatBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'section'; readonly fields: readonly Mrkdwn[] }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] }
  | { readonly type: 'actions'; readonly block_id: string; readonly elements: readonly Button[] };

export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: false;
}
export interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
  readonly verbatim: true;
}
interface Button {
  readonly type: 'button';
  readonly action_id: string;
  readonly value: string;
  readonly text: PlainText;
  readonly style?: 'primary' | 'danger';
}

export interface ChatView {
  /** The whole message as text: for notifications, screen readers and search. */
  readonly text: string;
  readonly blocks: readonly ChatBlock[];
}
