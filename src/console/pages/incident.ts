import type { CustomerMailsReading } from '../../domain/customer-mails.ts';
import { percent, secondsWords, sure } from '../../domain/format.ts';
import type { IncidentState } from '../../domain/incident.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import { type Instant, secondsBetween } from '../../domain/instant.ts';
import { counted, durationWords, statusWords } from '../../views/words.ts';
import { correlatedSection } from '../correlated-section.ts';
import { decisionForm, type FormContext, generalDecisions } from '../decision-forms.ts';
import { draftSection } from '../draft-section.ts';
import { causesSection, evidenceSection } from '../evidence-section.ts';
import { fixSection } from '../fix-section.ts';
import { haveOf, keysOf, type RegionId, type Regions } from '../live/rendering.ts';
import { mailSection } from '../mail-section.ts';
import { html, type Markup } from '../markup.ts';
import { countdown, instantWords, link, severityBadge } from '../parts.ts';
import { pastSection } from '../past-section.ts';
import { questionCards } from '../question-cards.ts';
import {
  duePromises,
  evidenceOf,
  hypothesesOf,
  type IncidentReading,
  type Me,
  type TimelineReading,
} from '../reading.ts';
import { timelineSection } from '../timeline-section.ts';

export interface IncidentPage {
  readonly reading: IncidentReading;
  readonly timeline: TimelineReading;
  /** What the timeline comes to; null while its beginning is missing. */
  readonly state: IncidentState | null;
  readonly me: Me;
  readonly people: FormContext['people'];
  readonly now: Instant;
  readonly historyUrl: string | null;
  readonly allEvents: boolean;
  /** Null where the gateway has none to tell of. */
  readonly mails: CustomerMailsReading | null;
}

/** The same for everybody who looks, whatever their rights. */
export type CommonRegion = Exclude<RegionId, PersonalRegion>;
/** With buttons, and words for whoever leads. */
export type PersonalRegion = 'lead' | 'asked' | 'fix' | 'drafts' | 'acts';
export type CommonInput = Omit<IncidentPage, 'me' | 'people'>;

/**
 * The first screen answers in five seconds: what is happening, who leads, what is due next, what I am asked. Each
 * part that changes is a region of its own, which `public/live.js` exchanges when there is news.
 */
export function incidentBody(input: IncidentPage): Markup {
  const common = commonRegions(input);
  return input.reading.facts === null
    ? waitingBody(input, common)
    : wholeBody(input, { ...common, ...personalRegions(input) });
}

export function incidentTitle({ incident, facts }: IncidentReading): string {
  return `${facts?.severity ?? ''} ${incident.title}`.trim();
}

export function commonRegions(input: CommonInput): Readonly<Partial<Record<CommonRegion, Markup>>> {
  const { reading, timeline, state, now } = input;
  const { facts, notes, incident } = reading;
  const missing =
    facts !== null &&
    !timeline.complete &&
    html`<p class="note">Part of the timeline is missing because the incident does not answer; it is filled in as soon as it does.</p>`;
  const noted = html`<div id="notes" data-live>${notes.map((note) => html`<p class="note">${note}</p>`)}${missing}</div>`;
  if (facts === null) return { head: waitingHead(input), notes: noted };
  const evidence = evidenceOf(timeline.events);
  return {
    head: heading(reading, facts, now),
    notes: noted,
    brief: brief(facts),
    due: due(facts, state, now),
    mails: mailSection(input.mails),
    timeline: timelineSection(timeline.events, now, input.allEvents, incident.id),
    situation: situation(facts),
    chain: correlatedSection(timeline.events, timeline.timeZone ?? 'UTC'),
    causes: causesSection(hypothesesOf(timeline.events)),
    evidence: evidenceSection(evidence, now),
    past: pastSection(evidence),
    more: more(input),
  };
}

export function personalRegions(input: IncidentPage): Readonly<Partial<Record<PersonalRegion, Markup>>> {
  const { reading, timeline, state, me, people, now } = input;
  const { facts, incident } = reading;
  if (facts === null) return {};
  const context: FormContext = { incidentId: incident.id, roles: me.roles, people };
  return {
    lead: lead(facts, state, context, now, me),
    asked: questionCards(facts, state, context, now),
    fix: fixSection(timeline.events, state, context, now),
    drafts: draftSection(facts, state, context, now),
    acts: html`<section class="card" id="acts" data-live><h2>Decide</h2>${state === null ? html`<p class="hint">The incident does not answer yet.</p>` : generalDecisions(state, context)}</section>`,
  };
}

/** `data-have` says which rendering of each region the page began with (`live/rendering.ts`). */
function wholeBody(input: IncidentPage, regions: Regions): Markup {
  const { head, notes, brief, lead, due, asked, fix, drafts, mails, timeline } = regions;
  const { situation, acts, chain, causes, evidence, past, more } = regions;
  return html`<article class="page" data-incident-page="${input.reading.incident.id}" data-have="${haveOf(keysOf(regions))}"${input.allEvents && html` data-all`}>
${head}
${notes}
<div class="tiles">
${brief}
${lead}
${due}
</div>
<div class="columns">
<div class="first">
${asked}
${fix}
${drafts}
${mails}
${timeline}
</div>
<div class="second">
${situation}
${acts}
${chain}
${causes}
${evidence}
${past}
${more}
</div>
</div>
</article>`;
}

function heading({ incident }: IncidentReading, facts: IncidentFacts, now: Instant): Markup {
  const ended =
    incident.closedAs === null
      ? null
      : html` · closed as ${incident.closedAs.replace('-', ' ')}${incident.mergedInto !== null && html` into <a href="/incidents/${encodeURIComponent(incident.mergedInto)}">${incident.mergedInto}</a>`}`;
  const asked = facts.openQuestions.length;
  return html`<header class="head" id="head" data-live>
<p class="crumb"><a href="/">Incidents</a> / ${incident.id}</p>
<h1>${severityBadge(facts.severity, facts.provisional)} ${facts.title}</h1>
<p class="state"><strong class="status ${facts.status}">${statusWords(facts.status)}</strong> · ${facts.phase} · began ${instantWords(facts.detectedAt, now)} UTC, ${durationWords(secondsBetween(facts.detectedAt, now))} ago${ended}</p>
${asked > 0 && html`<p class="jump"><a href="#asked">${counted(asked, 'question')} ${asked === 1 ? 'waits' : 'wait'} for an answer</a></p>`}
</header>`;
}

/** How bad it is, in figures and in a sentence. */
function brief(facts: IncidentFacts): Markup {
  const figures = [
    facts.errorRatio === null ? null : { name: 'of requests fail', value: percent(facts.errorRatio) },
    facts.p95Seconds === null ? null : { name: 'p95', value: secondsWords(facts.p95Seconds) },
  ].filter((figure) => figure !== null);
  return html`<section class="card" id="brief" data-live>
<h2>Impact</h2>
${figures.length > 0 && html`<dl class="figures">${figures.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
<p>${facts.impact}</p>
</section>`;
}

function situation(facts: IncidentFacts): Markup {
  return html`<section class="card" id="situation" data-live>
<h2>What is happening</h2>
<dl class="facts">
<dt>Issue</dt><dd>${facts.issue}</dd>
<dt>Cause</dt><dd>${facts.causeWords}${facts.cause !== null && html` <span class="hint">${sure(facts.cause.confidence)}</span>`}</dd>
${facts.resolvedAt === null && html`<dt>Doing</dt><dd>${facts.mitigation}</dd>`}
${facts.latestUpdate !== null && html`<dt>Last said</dt><dd>${facts.latestUpdate}${facts.latestUpdateBy !== null && html` <span class="hint">${facts.latestUpdateBy}</span>`}</dd>`}
${facts.resolvedAt !== null && html`<dt>Fix</dt><dd>${facts.fix}</dd><dt>Verified</dt><dd>${facts.verification}</dd>`}
<dt>Why ${facts.severity}</dt><dd>${facts.reasons.join('; ') || 'not said'}</dd>
</dl>
</section>`;
}

function lead(facts: IncidentFacts, state: IncidentState | null, context: FormContext, now: Instant, me: Me): Markup {
  const unacknowledged = facts.acknowledgedAt === null && facts.resolvedAt === null;
  const tasks = state?.tasks ?? [];
  return html`<section class="card${unacknowledged && ' asks'}" id="lead" data-live>
<h2>Who leads</h2>
<p class="big">${facts.commander === null ? html`<span class="bad">Nobody yet</span>` : html`${facts.commander}${facts.commander === me.id && html` <span class="hint">you</span>`}`}</p>
<p class="hint">${facts.acknowledgedAt === null ? 'Not acknowledged.' : html`Acknowledged by ${facts.acknowledgedBy ?? 'somebody'} at ${instantWords(facts.acknowledgedAt, now)} UTC.`}</p>
${facts.onCall != null && html`<p class="hint">On call now: ${facts.onCall}.</p>`}
${unacknowledged && decisionForm('acknowledge', context)}
${facts.responders.length > 0 && html`<p class="hint">Responding: ${facts.responders.join(', ')}</p>`}
${tasks.length > 0 && html`<ul class="plain">${tasks.map(({ person, what }) => html`<li>${person}: ${what}</li>`)}</ul>`}
</section>`;
}

const PROMISES_SHOWN = 4;

function due(facts: IncidentFacts, state: IncidentState | null, now: Instant): Markup {
  const promised = duePromises(state).map(({ promise }) => ({ words: promise.words, dueAt: promise.dueAt }));
  const all =
    promised.length > 0 || facts.nextUpdateAt === null
      ? promised
      : [{ words: 'Next update', dueAt: facts.nextUpdateAt }];
  const [first, ...rest] = all;
  return html`<section class="card" id="due" data-live>
<h2>Due next</h2>
${first === undefined ? html`<p class="empty">Nothing is promised.</p>` : html`<p class="big">${countdown(first.dueAt, now)}</p><p>${first.words} <span class="hint">${instantWords(first.dueAt, now)} UTC</span></p>`}
${rest.length > 0 && html`<ul class="plain due">${rest.slice(0, PROMISES_SHOWN).map(({ words, dueAt }) => html`<li>${countdown(dueAt, now)} <span>${words}</span></li>`)}</ul>`}
${rest.length > PROMISES_SHOWN && html`<p class="hint">and ${rest.length - PROMISES_SHOWN} more</p>`}
</section>`;
}

function more({ reading, historyUrl }: CommonInput): Markup {
  const { incident, facts } = reading;
  const at = `/incidents/${encodeURIComponent(incident.id)}`;
  return html`<section class="card" id="more" data-live>
<h2>More</h2>
<ul class="plain links">
<li><a href="${at}/paper">The remaining steps as plain commands</a></li>
<li><a href="${at}/post-mortem">Post-mortem</a>${facts?.postMortemUrl ? '' : html` <span class="hint">drafted after resolution</span>`}</li>
${historyUrl !== null && html`<li>${link('History in Temporal Web', historyUrl)}</li>`}
${incident.previousIncidentId !== null && html`<li><a href="/incidents/${encodeURIComponent(incident.previousIncidentId)}">The incident before: ${incident.previousIncidentId}</a></li>`}
${facts?.channelName && html`<li>Channel #${facts.channelName.replace(/^#/u, '')}</li>`}
${(facts?.links ?? []).map(({ title, url }) => html`<li>${link(title, url)}</li>`)}
</ul>
</section>`;
}

/** Intake has it, Temporal has not begun it: people are told, not left with an empty page. */
function waitingBody({ reading, historyUrl }: IncidentPage, regions: Regions): Markup {
  return html`<article class="page" data-incident-page="${reading.incident.id}" data-have="${haveOf(keysOf(regions))}">
${regions.head}
${regions.notes}
${historyUrl !== null && html`<p>${link('History in Temporal Web', historyUrl)}</p>`}
</article>`;
}

function waitingHead({ reading: { incident }, now }: CommonInput): Markup {
  return html`<header class="head" id="head" data-live><p class="crumb"><a href="/">Incidents</a> / ${incident.id}</p><h1>${incident.title}</h1>
<p class="state">${incident.status} · opened ${instantWords(incident.openedAt, now)} UTC</p></header>`;
}
