import { isPossible } from '../domain/decide.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { Instant } from '../domain/instant.ts';
import type { EventOf, FixStage, TimelineEvent } from '../domain/timeline.ts';
import { decisionForm, type FormContext } from './decision-forms.ts';
import { html, type Markup } from './markup.ts';
import { instantWords, link } from './parts.ts';

const STAGES: Readonly<Record<FixStage, string>> = {
  proposed: 'Proposed',
  tried: 'Tried in staging',
  'pull-request': 'In review',
  merged: 'Merged',
  'canary-watched': 'Canary is watched',
  'canary-paused': 'Canary is held',
  'canary-aborted': 'Canary was taken back',
  'canary-regressed': 'Canary did worse',
  'canary-well': 'Canary did well',
  promoted: 'Promoted',
  'window-planned': 'Waits for the maintenance window',
  'called-off': 'Called off',
  migrated: 'Migrated',
  finished: 'Finished',
  'left-to-people': 'Left to people',
};
const STAGES_SHOWN = 20;

/** How far the permanent fix is (R5), and the buttons that hold or stop it. Nothing before there is one. */
export function fixSection(
  events: readonly TimelineEvent[],
  state: IncidentState | null,
  context: FormContext,
  now: Instant,
): Markup {
  const steps = events.filter((event): event is EventOf<'fix-progressed'> => event.kind === 'fix-progressed').reverse();
  const fix = state?.permanentFix ?? null;
  if (steps.length === 0) return html`<div id="fix" data-live hidden></div>`;
  return html`<section class="card" id="fix" data-live>
<h2>Permanent fix</h2>
${fix !== null && html`<p class="big">${STAGES[fix.stage]}</p>`}
${state !== null && state.closed === null && html`<div class="others">${brakes(state, context)}</div>`}
<ol class="timeline">${steps.slice(0, STAGES_SHOWN).map((step) => html`<li class="${toneOf(step.stage)}">${instantWords(step.at, now)} <span>${STAGES[step.stage]}: ${step.words}${step.link !== null && html` · ${link('open', step.link)}`}</span></li>`)}</ol>
</section>`;
}

function brakes(state: IncidentState, context: FormContext): readonly (Markup | null)[] {
  const fix = state.permanentFix;
  const hold = fix?.canary === 'paused' ? 'Let the canary go on' : 'Pause the canary';
  return [
    isPossible('pause-canary', state)
      ? opened('pause-canary', hold, decisionForm('pause-canary', context, {}, 'pause-canary', hold))
      : null,
    isPossible('abort-canary', state)
      ? opened('abort-canary', 'Abort the canary', decisionForm('abort-canary', context))
      : null,
    fix?.migration === 'waiting'
      ? opened(
          'call-off-migration',
          'Call the migration off',
          decisionForm('call-off', context, { what: 'migration' }, 'call-off-migration'),
        )
      : null,
  ];
}

function opened(key: string, words: string, form: Markup | null): Markup | null {
  return form === null ? null : html`<details class="act" id="act-${key}"><summary>${words}</summary>${form}</details>`;
}

function toneOf(stage: FixStage): string {
  if (stage === 'canary-regressed' || stage === 'left-to-people') return 'tone-bad';
  if (stage === 'canary-well' || stage === 'finished' || stage === 'promoted') return 'tone-good';
  return stage === 'window-planned' || stage === 'pull-request' ? 'tone-ask' : 'tone-plain';
}
