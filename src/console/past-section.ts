import type { EvidenceBundle, Finding } from '../domain/evidence.ts';
import { html, type Markup } from './markup.ts';

type Past = Extract<Finding, { probe: 'past-incidents' }>['incidents'];
const PAST_SHOWN = 5;

/** Seen before? The incidents of the record that were like this one, with what fixed them (R2.19). */
export function pastSection(bundles: readonly EvidenceBundle[]): Markup {
  const past = newest(bundles);
  return html`<section class="card" id="past" data-live>
<h2>Seen before?</h2>
${past === null && html`<p class="empty">Not looked up yet.</p>`}
${past?.length === 0 && html`<p class="empty">Nothing in the record is like it.</p>`}
${past !== null && past.length > 0 && html`<ul class="plain past">${past.slice(0, PAST_SHOWN).map(pastItem)}</ul>`}
</section>`;
}

function pastItem({ id, title, severity, cause, fix, resolveMinutes, why }: Past[number]): Markup {
  const took = resolveMinutes === null ? null : `resolved after ${Math.round(resolveMinutes)} minutes`;
  return html`<li><a href="/incidents/${encodeURIComponent(id)}">${title}</a> <span class="hint">${[severity, took].filter((part) => part !== null).join(', ')}</span>
${cause !== null && html`<br>It was: ${cause}`}${fix !== null && html`<br>What fixed it: ${fix}`}
${why.length > 0 && html`<br><span class="hint">Alike in: ${why.join('; ')}</span>`}</li>`;
}

function newest(bundles: readonly EvidenceBundle[]): Past | null {
  for (const { items } of bundles)
    for (const { finding } of items) if (finding.probe === 'past-incidents') return finding.incidents;
  return null;
}
