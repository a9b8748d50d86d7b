import type { DecisionName } from '../domain/decision.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { cleanLine, clip } from './escape.ts';

/** How an answer is typed, and read back (gateway/slack/submissions.ts). */
export type ModalFieldKind = 'text' | 'lines' | 'minutes' | 'clock' | 'person' | 'severity';

export interface ModalField {
  readonly name: string;
  readonly label: string;
  readonly kind: ModalFieldKind;
  readonly optional?: boolean;
}

export interface Modal {
  /** Slack allows 24 characters. */
  readonly title: string;
  readonly submit: string;
  readonly about: string;
  readonly fields: readonly ModalField[];
  /** A button opens the form although nothing must be filled in: one slip of a finger would end the incident. */
  readonly always?: boolean;
}

const BECAUSE: ModalField = { name: 'because', label: 'Because', kind: 'lines' };

/** A form for each decision that needs words; a new decision does not compile without one. */
export const MODALS: { readonly [N in DecisionName]: Modal } = {
  acknowledge: { title: 'Acknowledge', submit: 'I have it', about: 'Stops the paging.', fields: [] },
  'test-mail': {
    title: 'Test the customer mail',
    submit: 'Send it to me',
    about: 'The mail that waits for approval goes to your own address, and to nobody else.',
    fields: [],
  },
  assign: {
    title: 'Put somebody on it',
    submit: 'Assign',
    about: 'Ask a person for help, or for one task.',
    fields: [
      { name: 'to', label: 'Who', kind: 'person' },
      { name: 'what', label: 'What', kind: 'text', optional: true },
    ],
  },
  'hand-over': {
    title: 'Hand over the command',
    submit: 'Hand over',
    about: 'Somebody else leads from now on.',
    fields: [{ name: 'to', label: 'To', kind: 'person' }],
  },
  'set-severity': {
    title: 'Set the severity',
    submit: 'Set it',
    about: 'Every clock runs by the new severity from then on.',
    fields: [{ name: 'to', label: 'Severity', kind: 'severity' }, BECAUSE],
  },
  note: {
    title: 'Add a note',
    submit: 'Add',
    about: 'It goes onto the timeline.',
    fields: [{ name: 'text', label: 'Note', kind: 'lines' }],
  },
  update: {
    title: 'Write the next update',
    submit: 'Send',
    about: 'Everybody who follows this incident is sent it.',
    fields: [
      { name: 'text', label: 'Update', kind: 'lines' },
      { name: 'expectedRecoveryAt', label: 'Expected recovery (UTC, such as 15:00)', kind: 'clock', optional: true },
    ],
  },
  snooze: {
    title: 'Put the update off',
    submit: 'Put it off',
    about: 'No update is due for so long.',
    fields: [{ name: 'minutes', label: 'Minutes', kind: 'minutes' }, BECAUSE],
  },
  approve: { title: 'Approve', submit: 'Approve', about: 'Goes ahead with what was shown.', fields: [] },
  reject: { title: 'Reject', submit: 'Reject', about: 'The machine will not do it.', fields: [BECAUSE] },
  resolve: {
    title: 'Declare it resolved',
    submit: 'Resolve',
    about: 'The problem is gone; the review begins.',
    fields: [{ name: 'fix', label: 'What fixed it', kind: 'lines', optional: true }],
    always: true,
  },
  reopen: { title: 'Reopen', submit: 'Reopen', about: 'Investigation starts again.', fields: [BECAUSE] },
  merge: {
    title: 'Merge',
    submit: 'Merge',
    about: 'It is the same as another incident.',
    fields: [{ name: 'into', label: 'Into incident', kind: 'text' }],
  },
  'false-alarm': { title: 'False alarm', submit: 'Close it', about: 'Nothing was wrong.', fields: [BECAUSE] },
  cancel: { title: 'Cancel the incident', submit: 'Cancel it', about: 'Stops the runbook.', fields: [BECAUSE] },
  'keep-lease': {
    title: 'Keep it for good',
    submit: 'Keep it',
    about: 'It is no longer a temporary change.',
    fields: [BECAUSE],
  },
  'renew-lease': {
    title: 'Keep it longer',
    submit: 'Renew',
    about: 'It stays a temporary change.',
    fields: [{ name: 'minutes', label: 'Minutes', kind: 'minutes', optional: true }],
  },
  'revert-lease': { title: 'Take it back', submit: 'Take it back', about: 'The value of before returns.', fields: [] },
  'call-off': {
    title: 'Call it off',
    submit: 'Call it off',
    about: 'Stops what goes ahead unless somebody objects.',
    fields: [BECAUSE],
  },
  'pause-canary': { title: 'Pause the canary', submit: 'Pause', about: 'Holds it where it is.', fields: [BECAUSE] },
  'abort-canary': { title: 'Abort the canary', submit: 'Abort', about: 'Takes it back.', fields: [BECAUSE] },
  'break-glass': {
    title: 'Break the glass',
    submit: 'Go ahead',
    about: 'P0 only: goes ahead without the role that is asked for. It is reviewed afterwards.',
    fields: [BECAUSE],
  },
};

/** Fields of the decision that `given` does not have yet. */
export function missingFields(name: DecisionName, given: Readonly<Record<string, unknown>>): readonly ModalField[] {
  return MODALS[name].fields.filter((field) => field.optional !== true && given[field.name] === undefined);
}

/** What a form remembers until it is sent; Slack allows 3,000 characters. */
export interface ModalMemory {
  readonly name: DecisionName;
  readonly incidentId: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly channel: string | null;
  readonly responseUrl: string | null;
}

export const DECISION_MODAL = 'decision';
const MEMORY_CHARACTERS = 3_000;
const TEXT_CHARACTERS = 3_000;
const LINE_CHARACTERS = 1_000;
const MAX_MINUTES = 10_080;

/** Slack's modal of a decision, or null when what it must remember does not fit. */
export function decisionModal(
  memory: ModalMemory,
  title: string,
  prefill: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | null {
  const modal = MODALS[memory.name];
  const metadata = JSON.stringify(memory);
  if (metadata.length > MEMORY_CHARACTERS) return null;
  const fields = modal.fields.filter((field) => memory.given[field.name] === undefined);
  return {
    type: 'modal',
    callback_id: DECISION_MODAL,
    private_metadata: metadata,
    title: plain(modal.title, 24),
    submit: plain(modal.submit, 24),
    close: plain('Not now', 24),
    blocks: [
      {
        type: 'section',
        text: {
          type: 'plain_text',
          text: clip(`${memory.incidentId}: ${cleanLine(title, 200)}\n${modal.about}`, 2_900),
        },
      },
      ...fields.map((field) => ({
        type: 'input',
        block_id: field.name,
        optional: field.optional === true,
        label: plain(field.label, 2_000),
        element: { action_id: 'value', ...element(field, prefill[field.name]) },
      })),
    ],
  };
}

function element({ kind }: ModalField, begin: string | undefined): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'lines':
      return {
        type: 'plain_text_input',
        multiline: true,
        max_length: TEXT_CHARACTERS,
        ...(begin ? { initial_value: clip(begin, TEXT_CHARACTERS) } : {}),
      };
    case 'text':
      return {
        type: 'plain_text_input',
        max_length: LINE_CHARACTERS,
        ...(begin ? { initial_value: clip(begin, LINE_CHARACTERS) } : {}),
      };
    case 'clock':
      return { type: 'plain_text_input', max_length: 40, placeholder: plain('15:00', 150) };
    case 'minutes':
      return { type: 'number_input', is_decimal_allowed: false, min_value: '1', max_value: String(MAX_MINUTES) };
    case 'person':
      return { type: 'users_select' };
    case 'severity': {
      const options = SEVERITIES.map((severity) => ({ text: plain(severity, 75), value: severity }));
      const first = options.find(({ value }) => value === begin);
      return { type: 'static_select', options, ...(first === undefined ? {} : { initial_option: first }) };
    }
  }
}

function plain(text: string, limit: number): Readonly<Record<string, unknown>> {
  return { type: 'plain_text', text: clip(text, limit) };
}
