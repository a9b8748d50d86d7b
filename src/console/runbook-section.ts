import { mayDecide } from '../domain/authority.ts';
import type { Instant } from '../domain/instant.ts';
import type { RunbookChange, RunbookChangeStage } from '../domain/runbook-change.ts';
import { html, type Markup } from './markup.ts';
import { link } from './parts.ts';
import type { Me } from './reading.ts';

/** GET /api/incidents/:id/runbook-change. */
export interface RunbookChangeReading extends RunbookChange {
  readonly opensAt: Instant | null;
  readonly text: string;
}

const STAGES: Readonly<Record<RunbookChangeStage, string>> = {
  drafted: 'Drafted',
  edited: 'Edited',
  withheld: 'Withheld',
  proposed: 'Proposed',
  failed: 'Could not be proposed',
};

/** What the incident gives back to its runbook (R6.5): `public/runbook-change.js` saves, withholds and proposes it. */
export function runbookSection(change: RunbookChangeReading | null, me: Me): Markup {
  if (change === null) return html``;
  const open = change.stage === 'drafted' || change.stage === 'edited';
  const mayWrite = open && mayDecide('note', me.roles) === null;
  const mayEnd = open && mayDecide('resolve', me.roles) === null;
  return html`<section class="card" id="runbook" data-runbook-change="${change.incidentId}" data-digest="${change.digest}">
<h2>Change of the runbook</h2>
<p class="big">${STAGES[change.stage]}: <code>${change.file}</code></p>
<p>${change.by}: ${change.words}${change.link !== null && html` ${link('Pull request', change.link)}`}</p>
${
  mayWrite
    ? html`<form data-runbook-form><label for="runbook-text">What is added (Markdown)</label>
<textarea id="runbook-text" name="text" rows="14" required spellcheck="true">
${change.text}</textarea>
<div class="others"><button class="primary" type="submit">Save</button>${mayEnd && html`<button class="second" type="button" data-runbook-propose>Propose it now</button>`}</div></form>
${mayEnd && html`<form data-runbook-withhold><label for="runbook-because">Why it should not be proposed</label><input id="runbook-because" name="because" required maxlength="500"><button class="second" type="submit">Withhold it</button></form>`}`
    : html`<pre class="paper" tabindex="0">${change.text}</pre>`
}
</section>`;
}
