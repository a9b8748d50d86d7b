import type { Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { describe } from '../views/timeline-line.ts';
import { html, type Markup } from './markup.ts';
import { instantWords } from './parts.ts';

const EVENTS_SHOWN = 120;
/** The machine's own bookkeeping, which tells people nothing. */
const UNTOLD: ReadonlySet<TimelineEvent['kind']> = new Set(['step-finished']);

/** What happened, the newest first; all of it when asked. */
export function timelineSection(
  events: readonly TimelineEvent[],
  now: Instant,
  all: boolean,
  incidentId: string,
): Markup {
  const told = events.filter((event) => !UNTOLD.has(event.kind)).reverse();
  const shown = all ? told : told.slice(0, EVENTS_SHOWN);
  return html`<section class="card" id="timeline" data-live>
<h2>Timeline <span class="count">${told.length}</span> <span class="live" data-live-state></span></h2>
<ol class="timeline">${shown.map((event) => html`<li class="${toneOf(event)}">${instantWords(event.at, now)} <span>${describe(event)}</span></li>`)}</ol>
${shown.length < told.length && html`<p><a href="/incidents/${encodeURIComponent(incidentId)}?all=1">Show all ${told.length} events</a></p>`}
</section>`;
}

function toneOf(event: TimelineEvent): string {
  switch (event.kind) {
    case 'trouble':
    case 'relapsed':
    case 'reopened':
    case 'publication-failed':
    case 'phase-overrun':
    case 'escalated':
    case 'decision-refused':
      return 'tone-bad';
    case 'approval-requested':
    case 'asked-person':
    case 'lease-due':
    case 'approval-reminded':
      return 'tone-ask';
    case 'mitigated':
    case 'resolved':
    case 'closed':
      return 'tone-good';
    case 'remedy-intended':
    case 'remedy-carried-out':
    case 'remedy-verified':
    case 'approval-granted':
      return 'tone-act';
    case 'promised':
    case 'promise-ended':
    case 'published':
      return 'tone-quiet';
    default:
      return 'tone-plain';
  }
}
