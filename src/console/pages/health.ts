import { counted } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';
import { table } from './policy.ts';

/** GET /readyz. */
export interface Readiness {
  readonly ready: boolean;
  readonly store: string;
  readonly temporal: string;
  readonly inboxPending: number | null;
  readonly incidentsPending: number | null;
  readonly reportsPending: number | null;
  readonly forwarding: number;
  readonly trouble: string | null;
}

/** A system that this gateway was or was not told about, and what is missing without it. */
export interface Integration {
  readonly name: string;
  readonly configured: boolean;
  readonly without: string;
}

/** How the product itself is, as far as a gateway can know; the workers' side is `incident doctor`. */
export function healthBody(readiness: Readiness, integrations: readonly Integration[]): Markup {
  const { store, temporal, inboxPending, incidentsPending, reportsPending, forwarding, trouble } = readiness;
  return html`<div id="health" data-live>
<h1>System health</h1>
<section class="card${!readiness.ready && ' asks'}"><h2>Now</h2>
<p class="big">${readiness.ready ? 'Accepting alerts.' : html`<span class="bad">Alerts are refused until the store answers.</span>`}</p>
<dl class="facts">
<dt>Store</dt><dd>${okOr(store)}</dd>
<dt>Temporal</dt><dd>${okOr(temporal)}${temporal !== 'ok' && html` <span class="hint">Alerts are kept and delivered as soon as it answers.</span>`}</dd>
<dt>Waiting in the inbox</dt><dd>${inboxPending === null ? 'not known' : `${counted(inboxPending, 'message')} of ${counted(incidentsPending ?? 0, 'incident')}, ${forwarding} being delivered`}</dd>
<dt>Reports waiting</dt><dd>${reportsPending ?? 'not known'}</dd>
${trouble !== null && html`<dt>Last trouble</dt><dd class="bad">${trouble}</dd>`}
</dl></section>
</div>
${table(
  'Configured integrations',
  ['System', 'Configured', 'Without it'],
  integrations.map(({ name, configured, without }) => [name, configured ? 'yes' : 'no', configured ? '' : without]),
)}
<p class="hint">What the workers reach, their rights and every variable: <code>incident doctor</code>.</p>`;
}

function okOr(words: string): Markup {
  return words === 'ok' ? html`answers` : html`<span class="bad">${words}</span>`;
}
