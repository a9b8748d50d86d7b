import { type CorrelatedLine, correlatedTimeline } from '../domain/correlated-timeline.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { correlatedLineWords, teamClockNote } from '../views/correlated-line.ts';
import { html, type Markup } from './markup.ts';
import { link } from './parts.ts';

/** R5.5: what led to what across systems, made from evidence; hidden while nothing is known of it. */
export function correlatedSection(events: readonly TimelineEvent[], timeZone: string): Markup {
  const lines = correlatedTimeline(events);
  const [first] = lines;
  if (first === undefined) return html`<div id="chain" data-live hidden></div>`;
  const note = teamClockNote(first.at, timeZone);
  return html`<section class="card" id="chain" data-live>
<h2>What led to what</h2>
<p class="hint">Times are UTC. ${note}</p>
<ol class="timeline">${lines.map((line, index) => lineItem(line, index, first, timeZone))}</ol>
</section>`;
}

function lineItem(line: CorrelatedLine, index: number, first: CorrelatedLine, timeZone: string): Markup {
  const { clock, words, meaning, system, command } = correlatedLineWords(line, first.at, timeZone);
  const shown = line.source.link === null ? null : html` · ${link('shown here', line.source.link)}`;
  return html`<li class="${TONES[line.role]}"><time datetime="${line.at}" title="${line.at}">${clock}</time> <details id="chain-${index}"><summary>${words} <span class="hint">${meaning}</span></summary><p class="hint">${system}${shown}</p>${command !== null && html`<pre class="command"><code>${command}</code></pre>`}</details></li>`;
}

const TONES: Readonly<Record<CorrelatedLine['role'], string>> = {
  change: 'tone-ask',
  climb: 'tone-plain',
  exhausted: 'tone-bad',
  symptom: 'tone-bad',
  alert: 'tone-plain',
  action: 'tone-act',
  recovery: 'tone-good',
  relapse: 'tone-bad',
};
