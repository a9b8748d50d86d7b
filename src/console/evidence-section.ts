import type { Hypothesis, Weighed } from '../domain/diagnosis.ts';
import type { EvidenceBundle, EvidenceItem } from '../domain/evidence.ts';
import { percent } from '../domain/format.ts';
import type { Instant } from '../domain/instant.ts';
import { counted } from '../views/words.ts';
import { html, type Markup } from './markup.ts';
import { instantWords, link } from './parts.ts';
import { trendsOf } from './trend.ts';

/** Why we think so (R2.20): each explanation with what speaks for and against it. */
export function causesSection(hypotheses: readonly Hypothesis[]): Markup {
  return html`<section class="card" id="causes" data-live>
<h2>Likely causes</h2>
${hypotheses.length === 0 ? html`<p class="empty">Not explained yet.</p>` : html`<ol class="causes">${hypotheses.map((one, index) => hypothesis(one, index))}</ol>`}
</section>`;
}

/** What the explanations rest on, and where no answer came. */
export function evidenceSection(bundles: readonly EvidenceBundle[], now: Instant): Markup {
  return html`<section class="card" id="evidence" data-live>
<h2>Evidence</h2>
${bundles.length === 0 && html`<p class="empty">Nothing was collected yet.</p>`}
${bundles.map((bundle, index) => bundleDetails(bundle, bundles.length - index, index === 0, now))}
</section>`;
}

function hypothesis(one: Hypothesis, index: number): Markup {
  const inside = html`${weighed('Speaks for it', one.supports)}${weighed('Speaks against it', one.contradicts)}
${one.wouldTellApart !== null && html`<p class="hint">Would tell it apart: ${one.wouldTellApart}</p>`}`;
  return html`<li><details id="cause-${one.id}"${index === 0 && html` open`}><summary><span class="sure">${percent(one.confidence)}</span> ${one.words}</summary>${inside}</details>
${index === 0 && html`<meter min="0" max="1" value="${one.confidence}" aria-label="How sure">${percent(one.confidence)}</meter>`}</li>`;
}

function weighed(heading: string, pieces: readonly Weighed[]): Markup | null {
  return pieces.length === 0
    ? null
    : html`<p class="hint">${heading}</p><ul class="weighed">${pieces.map(({ words }) => html`<li>${words}</li>`)}</ul>`;
}

const PURPOSES: Readonly<Record<EvidenceBundle['purpose'], string>> = {
  'first-assessment': 'First assessment',
  investigation: 'Investigation',
  'after-remedy': 'After the remedy',
  'root-cause': 'Root cause',
  'user-report': 'Verification of a report',
};

function bundleDetails(bundle: EvidenceBundle, number: number, newest: boolean, now: Instant): Markup {
  const striking = bundle.items.filter(({ abnormal }) => abnormal);
  const ordinary = bundle.items.filter(({ abnormal }) => !abnormal);
  const { gaps } = bundle;
  const summary = html`${PURPOSES[bundle.purpose]} ${instantWords(bundle.collectedAt, now)} UTC <span class="hint">${counted(bundle.items.length, 'answer')}, ${striking.length} out of the ordinary${gaps.length > 0 && html`, ${counted(gaps.length, 'gap')}`}</span>`;
  return html`<details id="bundle-${number}"${newest && html` open`}><summary>${summary}</summary>
<ul class="items">${striking.map((item) => evidenceItem(item, number))}</ul>
${ordinary.length > 0 && html`<details id="ordinary-${number}"><summary>${counted(ordinary.length, 'answer')} as usual</summary><ul class="items">${ordinary.map((item) => evidenceItem(item, number))}</ul></details>`}
${gaps.length > 0 && html`<p class="hint">No answer from</p><ul class="plain gaps">${gaps.map(({ probe, source, reason }) => html`<li>${probe} <span class="hint">${source}: ${reason}</span></li>`)}</ul>`}
</details>`;
}

function evidenceItem(item: EvidenceItem, bundle: number): Markup {
  return html`<li class="${item.abnormal ? 'abnormal' : 'ordinary'}"><details id="item-${bundle}-${item.id}"><summary>${item.words}</summary>
<p class="hint">${item.source}, ${item.probe}${item.link !== null && html` · ${link('open', item.link)}`}${item.digest !== null && html` · <a href="/api/evidence/${item.digest}" download>the whole answer</a> (${item.sizeBytes} bytes)`}</p>
${trendsOf(item)}
${typeof item.picture === 'string' && html`<img class="picture" src="/api/evidence/${item.picture}" alt="${item.words}" loading="lazy">`}
<pre class="command"><code>${item.command}</code></pre>
${item.excerpt !== '' && html`<pre class="excerpt" tabindex="0">${item.excerpt}</pre>`}
</details></li>`;
}
