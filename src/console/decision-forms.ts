import { mayDecide } from '../domain/authority.ts';
import { isPossible } from '../domain/decide.ts';
import type { Field, FieldKind } from '../domain/deciding/declare.ts';
import { isTyped } from '../domain/deciding/line.ts';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../domain/decision.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { Role } from '../domain/people.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { capitalised } from '../views/words.ts';
import { flag, html, type Markup } from './markup.ts';

export interface KnownPerson {
  readonly id: string;
  readonly name: string;
}

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
  verb = declarationOf(name).verb,
): Markup | null {
  if (mayDecide(name, context.roles) !== null) return null;
  const typed = Object.entries(declarationOf(name).fields).filter(([, field]) => isTyped(field));
  const look = typed.length === 0 ? 'primary' : 'second';
  return html`<form class="decision" data-decision="${name}" data-incident="${context.incidentId}">
${Object.entries(given).map(([field, value]) => html`<input type="hidden" name="${field}" value="${value}">`)}
${typed.map(([field, declared]) => control(field, declared, `${key}-${field}`, context))}
<button class="${look}" id="do-${key}">${verb}</button>
</form>`;
}

/** The general decisions that make sense now, and a sentence about those that need another role. */
export function generalDecisions(state: IncidentState, context: FormContext): Markup {
  const sensible = DECISION_NAMES.filter((name) => declarationOf(name).beside === undefined && isPossible(name, state));
  const barred = sensible.filter((name) => mayDecide(name, context.roles) !== null);
  return html`${sensible.map((name) => {
    const form = decisionForm(name, context);
    const { verb, about } = declarationOf(name);
    return form === null
      ? null
      : html`<details class="act" id="act-${name}"><summary>${verb}</summary><p class="hint">${about}</p>${form}</details>`;
  })}
${barred.length > 0 && html`<p class="hint">Your roles (${context.roles.join(', ') || 'none'}) do not allow: ${barred.map((name) => declarationOf(name).verb.toLowerCase()).join(', ')}.</p>`}`;
}

function control(name: string, { label, kind, optional, most }: Field, id: string, { people }: FormContext): Markup {
  const required = flag('required', optional !== true);
  const caption = optional ? html`${label} <span class="hint">optional</span>` : html`${label}`;
  const common = html`id="${id}" name="${name}"${required}`;
  return html`<label for="${id}">${caption}</label>${input(kind, common, people, capitalised(label), most)}`;
}

/** Times and lengths are sent as they were written: the gateway reads them, and says what it cannot read. */
function input(
  kind: FieldKind,
  common: Markup,
  people: readonly KnownPerson[],
  label: string,
  most: number | undefined,
): Markup {
  switch (kind) {
    case 'lines':
      return html`<textarea ${common} rows="3" maxlength="${most ?? 4000}"></textarea>`;
    case 'minutes':
      return html`<input ${common} placeholder="30m" maxlength="40" autocomplete="off" title="A length of time such as 30m, 2h or 1h30m">`;
    case 'instant':
      return html`<input ${common} placeholder="15:00" maxlength="40" autocomplete="off" title="A clock time in UTC such as 15:00">`;
    case 'severity':
      return html`<select ${common}>${SEVERITIES.map((severity) => html`<option>${severity}</option>`)}</select>`;
    case 'person':
      return people.length === 0
        ? html`<input ${common} maxlength="200" autocomplete="off">`
        : html`<select ${common}><option value="">${label}…</option>${people.map((person) => html`<option value="${person.id}">${person.name}</option>`)}</select>`;
    case 'text':
    case 'because':
    case 'incident':
    case 'question':
    case 'option':
    case 'lease':
    case 'draft':
      return html`<input ${common} maxlength="${most ?? 1000}" autocomplete="off">`;
  }
}
