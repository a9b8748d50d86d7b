import { mayDecide } from '../domain/authority.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { FormContext } from './decision-forms.ts';
import { html, type Markup } from './markup.ts';
import { countdown, instantWords } from './parts.ts';

/** What goes out when nobody writes, what waits for its channel, and the mails that wait for a yes (R4.1, R4.5). */
export function draftSection(
  facts: IncidentFacts,
  state: IncidentState | null,
  context: FormContext,
  now: Instant,
): Markup {
  const { draft } = facts;
  const unsent = facts.unsent ?? [];
  const shown = facts.openQuestions.flatMap(({ options }) => options.flatMap((option) => option.shown ?? []));
  if (!draft && unsent.length === 0 && shown.length === 0) return html`<div id="drafts" data-live hidden></div>`;
  const send =
    draft && state?.closed === null && mayDecide('update', context.roles) === null
      ? html`<form class="decision" data-decision="update" data-incident="${context.incidentId}"><input type="hidden" name="text" value=""><input type="hidden" name="draftId" value="${draft.id}"><button class="second" id="do-send-draft">Send it now</button></form>`
      : null;
  return html`<section class="card" id="drafts" data-live>
<h2>Drafts</h2>
${draft && html`<p class="hint">Goes out ${countdown(draft.dueAt, now)} unless somebody writes the update</p><pre class="excerpt" tabindex="0">${draft.text}</pre>${send}`}
${shown.map((text) => html`<p class="hint">Awaiting approval</p><pre class="excerpt" tabindex="0">${text}</pre>`)}
${unsent.length > 0 && html`<p class="hint">Waits for its channel</p><ul class="plain">${unsent.map((one) => html`<li>${one.medium}: ${one.what} <span class="hint">since ${instantWords(one.since, now)} UTC, ${one.reason}</span></li>`)}</ul>`}
</section>`;
}
