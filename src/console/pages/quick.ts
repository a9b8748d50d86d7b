import { mayDecide } from '../../domain/authority.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Policy } from '../../domain/policy.ts';
import { QUICK_ACTION_NAMES, QUICK_CHECKS } from '../../domain/quick-action.ts';
import { capitalised } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';
import { instantWords } from '../parts.ts';
import type { Me } from '../reading.ts';

/** GET /api/audit, as far as it is shown. */
export interface AuditLine {
  readonly at: Instant;
  readonly person: string;
  readonly via: string;
  readonly what: string;
  readonly words: string;
}

const AUDIT_SHOWN = 50;

/** The runbook's quick reference (R8): look, or have something done that is shown first and takes a yes. */
export function quickBody(audit: readonly AuditLine[], me: Me, policy: Policy | undefined, now: Instant): Markup {
  const may = mayDecide('note', me.roles) === null || mayDecide('reject', me.roles) === null;
  return html`<h1>Quick reference</h1>
<p class="hint">Looks and acts on its own, also while no incident is open. With one open incident it goes on its timeline too.</p>
${may ? html`<div class="columns"><div class="first">${lookCard()}</div><div class="second">${actCard(policy)}</div></div>` : html`<section class="card"><p>It is for those who work on incidents (responder, commander, approver, …). Ask one of them, or an admin for the role.</p></section>`}
${auditCard(audit, now)}`;
}

function lookCard(): Markup {
  return html`<section class="card"><h2>Look</h2>
<form data-check class="others">${Object.entries(QUICK_CHECKS).map(([name, probes]) => html`<button class="second" name="what" value="${name}" title="${probes.join(', ').replaceAll('-', ' ')}">${capitalised(name)}</button>`)}</form>
<div id="looked" class="answers" role="region" aria-live="polite" aria-label="What was seen"></div></section>`;
}

function actCard(policy: Policy | undefined): Markup {
  const service = policy?.service;
  const known =
    service === undefined
      ? []
      : [
          ...[service.application, ...service.companions].map(({ deployment }) => deployment),
          ...service.providers.map(({ name }) => name),
        ];
  return html`<section class="card"><h2>Act</h2>
<form data-act class="decision">
<label for="quick-action">What</label><select id="quick-action" name="action">${QUICK_ACTION_NAMES.map((name) => html`<option value="${name}">${capitalised(name.replaceAll('-', ' '))}</option>`)}</select>
<label for="quick-target">Of which deployment, pod or provider</label><input id="quick-target" name="target" list="quick-targets" maxlength="253" autocomplete="off" value="${service?.application.deployment ?? ''}">
<datalist id="quick-targets">${known.map((name) => html`<option value="${name}"></option>`)}</datalist>
<div data-only-for="scale" hidden><label for="quick-replicas">Replicas</label><input id="quick-replicas" name="replicas" type="number" min="0" max="1000" inputmode="numeric"></div>
<label for="quick-because">Because</label><input id="quick-because" name="because" maxlength="1000" autocomplete="off" required>
<button class="second">Show what would be done</button></form>
<div id="preview" class="answers" role="region" aria-live="polite" aria-label="What would be done"></div></section>`;
}

function auditCard(audit: readonly AuditLine[], now: Instant): Markup {
  const shown = audit.slice(0, AUDIT_SHOWN);
  return html`<section class="card" id="audit" data-live><h2>Looked at and done <span class="count">${audit.length}</span></h2>
${shown.length === 0 ? html`<p class="empty">Nothing yet.</p>` : html`<ol class="timeline">${shown.map(({ at, person, via, what, words }) => html`<li class="${what.startsWith('do ') ? 'tone-act' : 'tone-plain'}">${instantWords(at, now)} <span>${person}: ${what} <span class="hint">${via}</span><br>${words}</span></li>`)}</ol>`}
</section>`;
}
