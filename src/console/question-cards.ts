import { isPossible } from '../domain/decide.ts';
import { holdsRole } from '../domain/deciding/roles.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { Role } from '../domain/people.ts';
import { capitalised } from '../views/words.ts';
import { decisionForm, type FormContext } from './decision-forms.ts';
import { html, type Markup } from './markup.ts';
import { countdown, instantWords } from './parts.ts';

type Question = IncidentFacts['openQuestions'][number];

/** What people are asked now, each option with what it would do, its command, and the button that says yes (R3.6). */
export function questionCards(
  facts: IncidentFacts,
  state: IncidentState | null,
  context: FormContext,
  now: Instant,
): Markup {
  const leases = facts.openLeases;
  return html`<section class="card${facts.openQuestions.length > 0 && ' asks'}" id="asked" data-live>
<h2>You are asked</h2>
${facts.openQuestions.length === 0 && html`<p class="empty">Nothing waits for an answer.</p>`}
${facts.openQuestions.map((question) => questionCard(question, state, context, now))}
${leases.length > 0 && html`<h3>Temporary changes in place</h3>${leases.map((lease) => leaseCard(lease, context, now))}`}
</section>`;
}

function questionCard(question: Question, state: IncidentState | null, context: FormContext, now: Instant): Markup {
  const { approvalId, name, why, approver, mode, options, deadlineAt } = question;
  const risk = state?.approvals.find((record) => record.approval.id === approvalId)?.approval.risk ?? null;
  const may = holdsRole(context.roles, approver as Role);
  const given = { approvalId };
  const deadline = mode === 'objection' ? 'goes ahead unless somebody objects' : 'wanted';
  return html`<div class="question" id="question-${approvalId}">
<h3>${asked(options.length > 1 ? `${name}, or another way` : name)}${risk !== null && html` <span class="risk ${risk}">${risk} risk</span>`}</h3>
<p>${why}</p>
<p class="hint">${deadline} ${countdown(deadlineAt, now)} (${instantWords(deadlineAt, now)} UTC) · asks ${approver}</p>
<ol class="options">${options.map((option, index) => optionItem(option, index, { approvalId, may }, context))}</ol>
${!may && html`<p class="hint">Approving takes the role ${approver}; you may still object.</p>`}
<div class="others">
${disclosed(`no-${approvalId}`, mode === 'objection' ? 'Object' : 'Reject', decisionForm(mode === 'objection' ? 'call-off' : 'reject', context, mode === 'objection' ? { what: approvalId } : given, `no-${approvalId}`))}
${state !== null && isPossible('break-glass', state) && !may && disclosed(`glass-${approvalId}`, 'Break-glass override', decisionForm('break-glass', context, { approvalId, option: options[0]?.name ?? '' }, `glass-${approvalId}`))}
</div>
</div>`;
}

function optionItem(
  option: Question['options'][number],
  index: number,
  about: { readonly approvalId: string; readonly may: boolean },
  context: FormContext,
): Markup {
  const { approvalId, may } = about;
  return html`<li>
<p>${index === 0 && html`<strong>Proposed:</strong> `}${option.preview}</p>
${option.command !== null && html`<pre class="command"><code>${option.command}</code></pre>`}
${
  may &&
  html`<form class="decision" data-decision="approve" data-incident="${context.incidentId}">
<input type="hidden" name="approvalId" value="${approvalId}"><input type="hidden" name="option" value="${option.name}">
<button class="${index === 0 ? 'primary' : 'second'}" id="yes-${approvalId}-${option.name}">Approve ${inWords(option.name)}</button>
</form>`
}
</li>`;
}

/** `publish-status` is a name of the policy; people are asked in words. */
function inWords(name: string): string {
  return name.replaceAll('-', ' ');
}

function asked(name: string): string {
  return capitalised(inWords(name));
}

function leaseCard(lease: IncidentFacts['openLeases'][number], context: FormContext, now: Instant): Markup {
  const given = { leaseId: lease.id };
  return html`<div class="question" id="lease-${lease.id}">
<p>${lease.what} <span class="hint">until ${instantWords(lease.expiresAt, now)} UTC, ${countdown(lease.expiresAt, now)}</span></p>
<div class="others">
${decisionForm('revert-lease', context, given, `revert-${lease.id}`)}
${disclosed(`renew-${lease.id}`, 'Keep it longer', decisionForm('renew-lease', context, given, `renew-${lease.id}`))}
${disclosed(`keep-${lease.id}`, 'Keep it for good', decisionForm('keep-lease', context, given, `keep-${lease.id}`))}
</div>
</div>`;
}

function disclosed(key: string, words: string, form: Markup | null): Markup | null {
  return form === null ? null : html`<details class="act" id="act-${key}"><summary>${words}</summary>${form}</details>`;
}
