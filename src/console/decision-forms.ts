import { mayDecide } from '../domain/authority.ts';
import { DECISION_NAMES, type DecisionName } from '../domain/decision.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { Role } from '../domain/people.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { capitalised } from '../views/words.ts';
import { flag, html, type Markup } from './markup.ts';

export interface KnownPerson {
  readonly id: string;
  readonly name: string;
}

/** How the page turns what was typed into the decision's body: `public/decisions.js` reads it from `data-kind`. */
type FieldKind = 'text' | 'lines' | 'minutes' | 'clock' | 'person' | 'severity';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly optional?: boolean;
}

interface DecisionForm {
  /** What the button says. */
  readonly verb: string;
  readonly about: string;
  readonly fields: readonly Field[];
  /** Whether it makes sense now; the incident itself has the last word. */
  readonly when: (state: IncidentState) => boolean;
  /** Stands beside what it is about (a question, a temporary change, the fix) instead of among the general ones. */
  readonly beside?: 'question' | 'lease' | 'fix';
}

const BECAUSE: Field = { name: 'because', label: 'Because', kind: 'text' };
const open = (state: IncidentState): boolean => state.closed === null;
const canaryRuns = ({ closed, permanentFix: fix }: IncidentState): boolean =>
  closed === null && (fix?.canary === 'watched' || fix?.canary === 'paused');
const unresolved = (state: IncidentState): boolean => open(state) && state.resolved === null;

/** A form for each decision a person can make; a new decision does not compile without one. */
export const DECISION_FORMS: { readonly [N in DecisionName]: DecisionForm } = {
  acknowledge: {
    verb: 'Acknowledge',
    about: 'Say that you have it; stops the paging.',
    fields: [],
    when: (state) => open(state) && state.acknowledged === null,
  },
  update: {
    verb: 'Send the update',
    about: 'Write the next update that everybody is sent.',
    fields: [
      { name: 'text', label: 'Update', kind: 'lines' },
      { name: 'expectedRecoveryAt', label: 'Expected recovery (UTC)', kind: 'clock', optional: true },
    ],
    when: open,
  },
  note: {
    verb: 'Add the note',
    about: 'Write something onto the timeline.',
    fields: [{ name: 'text', label: 'Note', kind: 'lines' }],
    when: () => true,
  },
  resolve: {
    verb: 'Declare it resolved',
    about: 'The problem is gone; the review begins.',
    fields: [{ name: 'fix', label: 'What fixed it', kind: 'lines', optional: true }],
    when: unresolved,
  },
  'set-severity': {
    verb: 'Set the severity',
    about: 'Every clock runs by the new severity from then on.',
    fields: [{ name: 'to', label: 'Severity', kind: 'severity' }, BECAUSE],
    when: unresolved,
  },
  'hand-over': {
    verb: 'Hand over the command',
    about: 'Somebody else leads from now on.',
    fields: [{ name: 'to', label: 'To', kind: 'person' }],
    when: open,
  },
  assign: {
    verb: 'Put somebody on it',
    about: 'Ask a person for help, or for one task.',
    fields: [
      { name: 'to', label: 'Who', kind: 'person' },
      { name: 'what', label: 'What', kind: 'text', optional: true },
    ],
    when: open,
  },
  snooze: {
    verb: 'Put the update off',
    about: 'No update is due for so long.',
    fields: [{ name: 'minutes', label: 'Minutes', kind: 'minutes' }, BECAUSE],
    when: unresolved,
  },
  'test-mail': {
    verb: 'Send me the customer mail',
    about: 'The very mail that waits for approval goes to your own address, and to nobody else.',
    fields: [],
    when: (state) => open(state) && (state.customerMails?.length ?? 0) > 0,
  },
  reopen: {
    verb: 'Reopen',
    about: 'It is back: investigation starts again.',
    fields: [BECAUSE],
    when: (state) => open(state) && state.resolved !== null,
  },
  merge: {
    verb: 'Merge',
    about: 'It is the same as another incident.',
    fields: [{ name: 'into', label: 'Into incident', kind: 'text' }],
    when: open,
  },
  'false-alarm': { verb: 'Close as a false alarm', about: 'Nothing was wrong.', fields: [BECAUSE], when: unresolved },
  cancel: { verb: 'Cancel the incident', about: 'Stop running the runbook.', fields: [BECAUSE], when: unresolved },
  'pause-canary': {
    verb: 'Pause the canary',
    about: 'Hold it where it is.',
    fields: [BECAUSE],
    when: canaryRuns,
    beside: 'fix',
  },
  'abort-canary': {
    verb: 'Abort the canary',
    about: 'Take it back.',
    fields: [BECAUSE],
    when: canaryRuns,
    beside: 'fix',
  },
  approve: { verb: 'Approve', about: 'Say yes to what is asked.', fields: [], when: open, beside: 'question' },
  reject: { verb: 'Reject', about: 'Say no to what is asked.', fields: [BECAUSE], when: open, beside: 'question' },
  'call-off': {
    verb: 'Call it off',
    about: 'Stop what goes ahead unless somebody objects.',
    fields: [BECAUSE],
    when: open,
    beside: 'question',
  },
  'break-glass': {
    verb: 'Break the glass',
    about: 'P0 only: go ahead without the role that is asked for; it is reviewed.',
    fields: [BECAUSE],
    when: open,
    beside: 'question',
  },
  'keep-lease': {
    verb: 'Keep it for good',
    about: 'It is no longer temporary.',
    fields: [BECAUSE],
    when: open,
    beside: 'lease',
  },
  'renew-lease': {
    verb: 'Keep it longer',
    about: 'It stays temporary.',
    fields: [{ name: 'minutes', label: 'Minutes', kind: 'minutes', optional: true }],
    when: open,
    beside: 'lease',
  },
  'revert-lease': {
    verb: 'Take it back now',
    about: 'The value of before returns.',
    fields: [],
    when: open,
    beside: 'lease',
  },
};

export interface FormContext {
  readonly incidentId: string;
  readonly roles: readonly Role[];
  readonly people: readonly KnownPerson[];
}

/** Fixed parts of the body: the question or the temporary change that the form stands beside. */
export type Given = Readonly<Record<string, string>>;

/** One form with its fields; `key` tells forms of the same decision apart. Null when these roles may not decide it. */
export function decisionForm(
  name: DecisionName,
  context: FormContext,
  given: Given = {},
  key = name as string,
  verb = DECISION_FORMS[name].verb,
): Markup | null {
  if (mayDecide(name, context.roles) !== null) return null;
  const form = DECISION_FORMS[name];
  const look = form.fields.length === 0 ? 'primary' : 'second';
  return html`<form class="decision" data-decision="${name}" data-incident="${context.incidentId}">
${Object.entries(given).map(([field, value]) => html`<input type="hidden" name="${field}" value="${value}" data-kind="text">`)}
${form.fields.map((field) => control(field, `${key}-${field.name}`, context))}
<button class="${look}" id="do-${key}">${verb}</button>
</form>`;
}

/** The general decisions that make sense now, and a sentence about those that need another role. */
export function generalDecisions(state: IncidentState, context: FormContext): Markup {
  const sensible = DECISION_NAMES.filter(
    (name) => DECISION_FORMS[name].beside === undefined && name !== 'acknowledge' && DECISION_FORMS[name].when(state),
  );
  const ordered = [...sensible].sort((a, b) => rank(a) - rank(b));
  const barred = ordered.filter((name) => mayDecide(name, context.roles) !== null);
  return html`${ordered.map((name) => {
    const form = decisionForm(name, context);
    const { verb, about } = DECISION_FORMS[name];
    return form === null
      ? null
      : html`<details class="act" id="act-${name}"><summary>${verb}</summary><p class="hint">${about}</p>${form}</details>`;
  })}
${barred.length > 0 && html`<p class="hint">Your roles (${context.roles.join(', ') || 'none'}) do not allow: ${barred.map((name) => DECISION_FORMS[name].verb.toLowerCase()).join(', ')}.</p>`}`;
}

const FORM_ORDER = Object.keys(DECISION_FORMS);

function rank(name: DecisionName): number {
  return FORM_ORDER.indexOf(name);
}

function control({ name, label, kind, optional = false }: Field, id: string, { people }: FormContext): Markup {
  const required = flag('required', !optional);
  const caption = optional ? html`${label} <span class="hint">optional</span>` : html`${label}`;
  const common = html`id="${id}" name="${name}" data-kind="${kind}"${required}`;
  return html`<label for="${id}">${caption}</label>${input(kind, common, people, capitalised(label))}`;
}

function input(kind: FieldKind, common: Markup, people: readonly KnownPerson[], label: string): Markup {
  switch (kind) {
    case 'lines':
      return html`<textarea ${common} rows="3" maxlength="4000"></textarea>`;
    case 'text':
      return html`<input ${common} maxlength="1000" autocomplete="off">`;
    case 'minutes':
      return html`<input ${common} type="number" min="1" max="10080" inputmode="numeric">`;
    case 'clock':
      return html`<input ${common} placeholder="15:00" pattern="([01]?[0-9]|2[0-3]):[0-5][0-9]" autocomplete="off" title="A clock time in UTC such as 15:00">`;
    case 'severity':
      return html`<select ${common}>${SEVERITIES.map((severity) => html`<option>${severity}</option>`)}</select>`;
    case 'person':
      return people.length === 0
        ? html`<input ${common} maxlength="200" autocomplete="off">`
        : html`<select ${common}><option value="">${label}…</option>${people.map((person) => html`<option value="${person.id}">${person.name}</option>`)}</select>`;
  }
}
