import { mayDecide } from '../../domain/authority.ts';
import { markdown } from '../markdown.ts';
import { flag, html, type Markup } from '../markup.ts';
import type { Me } from '../reading.ts';
import { type RunbookChangeReading, runbookSection } from '../runbook-section.ts';

export interface PostMortemPage {
  readonly incidentId: string;
  readonly text: string;
  readonly digest: string;
  /** Null while nobody has approved it. */
  readonly approvedBy: string | null;
  readonly me: Me;
  /** Null while it changes no runbook. */
  readonly runbook: RunbookChangeReading | null;
}

/** The document as it reads, and beside it the text that may be changed (R6.3): `public/post-mortem.js` saves it. */
export function postMortemBody({ incidentId, text, digest, approvedBy, me, runbook }: PostMortemPage): Markup {
  const mayWrite = mayDecide('note', me.roles) === null;
  const mayApprove = mayDecide('resolve', me.roles) === null;
  return html`<article class="page" data-post-mortem="${incidentId}" data-digest="${digest}">
<header class="head" id="head" data-live><p class="crumb"><a href="/">Incidents</a> / <a href="/incidents/${encodeURIComponent(incidentId)}">${incidentId}</a></p>
<h1>Post-mortem</h1><p class="state">${approvedBy === null ? 'Not approved yet.' : `Approved by ${approvedBy}.`}</p></header>
${
  mayWrite
    ? html`<details class="card editor" id="editor"><summary>Edit the text</summary>
<form data-post-mortem-form><label for="text">Text (Markdown)</label>
<textarea id="text" name="text" rows="24" required spellcheck="true">
${text}</textarea>
<div class="others"><button class="primary" type="submit" id="save">Save</button>${mayApprove && html`<button class="second" type="button" id="approve" data-approve>Approve this text</button>`}</div></form>
<div id="conflict" class="note" role="alert"${flag('hidden', true)}>
<p>Somebody else saved meanwhile. Nothing was overwritten: your text is still above, theirs stands below. Bring the two together above and save again; it is then based on theirs.</p>
<label for="theirs">Their text</label><textarea id="theirs" rows="12" readonly></textarea></div>
<div id="open-places" class="note" role="alert"${flag('hidden', true)}><p id="open-places-words"></p><button class="second" type="button" data-approve="anyway">Approve it anyway</button></div>
</details>`
    : html`<p class="hint">Editing takes the role responder or commander.</p>`
}
<section class="card document" id="document" data-live aria-label="The post-mortem">${markdown(text)}</section>
${runbookSection(runbook, me)}
</article>`;
}
