import type { Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { describe, type Named, namesIn } from '../views/timeline-line.ts';
import { counted } from '../views/words.ts';
import { html, type Markup } from './markup.ts';
import { instantWords } from './parts.ts';

const EVENTS_SHOWN = 120;
/** The machine's own bookkeeping, which tells people nothing. */
const HIDDEN_KINDS: ReadonlySet<TimelineEvent['kind']> = new Set(['step-finished']);

/** What happened, the newest first; all of it when asked. */
export function timelineSection(
  events: readonly TimelineEvent[],
  now: Instant,
  all: boolean,
  incidentId: string,
): Markup {
  const named = namesIn(events);
  const told = events.filter((event) => !HIDDEN_KINDS.has(event.kind)).reverse();
  const shown = all ? told : told.slice(0, EVENTS_SHOWN);
  return html`<section class="card" id="timeline" data-live>
<h2>Timeline <span class="count">${told.length}</span> <span class="live" data-live-state></span></h2>
<ol class="timeline">${stretches(shown).map((stretch) => stretchItem(stretch, now, named))}</ol>
${shown.length < told.length && html`<p><a href="/incidents/${encodeURIComponent(incidentId)}?all=1">Show all ${told.length} events</a></p>`}
</section>`;
}

/** What is only bookkeeping between two things that matter, or one thing that matters. */
type Stretch = readonly [TimelineEvent, ...TimelineEvent[]];

function stretches(events: readonly TimelineEvent[]): readonly Stretch[] {
  const found: [TimelineEvent, ...TimelineEvent[]][] = [];
  for (const event of events) {
    const last = found.at(-1);
    if (last !== undefined && toneOf(event) === 'tone-quiet' && toneOf(last[0]) === 'tone-quiet') last.push(event);
    else found.push([event]);
  }
  return found;
}

/** Messages sent and promises made are folded away when several follow each other: they hide what happened. */
function stretchItem(stretch: Stretch, now: Instant, named: Named): Markup {
  const [newest] = stretch;
  const oldest = stretch.at(-1) ?? newest;
  if (stretch.length === 1) return eventItem(newest, now, named);
  const sent = stretch.filter(({ kind }) => kind === 'published').length;
  const promises = stretch.length - sent;
  const words = [
    ...(sent > 0 ? [`${counted(sent, 'message')} sent`] : []),
    ...(promises > 0 ? [`${counted(promises, 'promise')} made or kept`] : []),
  ];
  return html`<li class="tone-quiet">${instantWords(newest.at, now)} <details id="quiet-${oldest.seq}"><summary>${words.join(', ')}</summary><ol class="timeline">${stretch.map((event) => eventItem(event, now, named))}</ol></details></li>`;
}

function eventItem(event: TimelineEvent, now: Instant, named: Named): Markup {
  return html`<li class="${toneOf(event)}" data-seq="${event.seq}">${instantWords(event.at, now)} <span>${describe(event, named)}</span></li>`;
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
