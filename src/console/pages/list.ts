import { holdsRole } from '../../domain/deciding/roles.ts';
import { percent } from '../../domain/format.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import { epochMs, type Instant } from '../../domain/instant.ts';
import type { Role } from '../../domain/people.ts';
import { counted, statusWords } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';
import { countdown, instantWords, severityBadge } from '../parts.ts';
import type { ListedIncident, Me } from '../reading.ts';

const RECENT_SHOWN = 50;
const HIGHEST_FIRST = (one: ListedIncident): string => one.facts?.severity ?? 'P0';

/** Everything at a glance: what waits for the person who looks comes first, then what is open, then what was. */
export function listBody(incidents: readonly ListedIncident[], me: Me, now: Instant): Markup {
  const open = incidents
    .filter(({ incident }) => incident.status === 'open')
    .sort(
      (a, b) =>
        HIGHEST_FIRST(a).localeCompare(HIGHEST_FIRST(b)) || epochMs(b.incident.openedAt) - epochMs(a.incident.openedAt),
    );
  const rest = incidents.filter(({ incident }) => incident.status !== 'open').slice(0, RECENT_SHOWN);
  const waiting = open
    .map((one) => ({ one, words: waitsFor(one, me.roles).join('; ') }))
    .filter(({ words }) => words !== '');
  return html`<div id="list" data-live data-list>
<h1 class="visually-hidden">Incidents</h1>
${waiting.length > 0 && html`<section class="card asks"><h2>Waiting for you</h2><ul class="plain">${waiting.map(({ one, words }) => html`<li>${badgeOf(one)} <a href="${path(one)}">${one.incident.title}</a>: ${words}</li>`)}</ul></section>`}
<section>
<h2>Open <span class="count">${open.length}</span></h2>
${open.length === 0 ? html`<p class="empty">No incident is open. Alerts open one by themselves; a person does it with <code>incident create "what is wrong"</code>.</p>` : html`<ul class="incidents">${open.map((one) => openRow(one, now))}</ul>`}
</section>
<section>
<h2>Recent <span class="count">${rest.length}</span></h2>
${rest.length === 0 ? html`<p class="empty">None has ended yet.</p>` : html`<ul class="incidents ended">${rest.map((one) => endedRow(one, now))}</ul>`}
</section>
</div>`;
}

function openRow(one: ListedIncident, now: Instant): Markup {
  const { incident, facts } = one;
  return html`<li><a class="incident" href="${path(one)}">
${badgeOf(one)}
<span class="title">${incident.title}</span>
<span class="about">${facts === null ? 'not begun yet' : html`${statusWords(facts.status)} · ${facts.phase}${facts.errorRatio !== null && html` · errors ${percent(facts.errorRatio)}`} · ${facts.commander === null ? html`<strong class="bad">nobody leads</strong>` : html`led by ${facts.commander}`}`}</span>
<span class="when">${facts?.nextUpdateAt ? html`update due ${countdown(facts.nextUpdateAt, now)}` : html`since ${instantWords(incident.openedAt, now)}`}</span>
</a></li>`;
}

function endedRow(one: ListedIncident, now: Instant): Markup {
  const { incident, facts } = one;
  const how = incident.closedAs === null ? incident.status : incident.closedAs.replace('-', ' ');
  return html`<li><a class="incident" href="${path(one)}">
${badgeOf(one)}
<span class="title">${incident.title}</span>
<span class="about">${how}${incident.mergedInto !== null && html` into ${incident.mergedInto}`}${facts?.fix && html` · ${facts.fix}`}</span>
<span class="when">${instantWords(incident.openedAt, now)}</span>
</a></li>`;
}

/** What this person could do for the incident now, in words. */
function waitsFor({ facts }: ListedIncident, roles: readonly Role[]): readonly string[] {
  if (facts === null) return [];
  const mine = facts.openQuestions.filter(({ approver }) => holdsRole(roles, approver as Role));
  const asks =
    mine.length === 0
      ? []
      : [`${counted(mine.length, 'question')} to answer (${mine.map(nameOf).join(', ').replaceAll('-', ' ')})`];
  return facts.acknowledgedAt === null && facts.resolvedAt === null && roles.includes('responder')
    ? ['nobody has acknowledged it', ...asks]
    : asks;
}

function nameOf({ name }: IncidentFacts['openQuestions'][number]): string {
  return name;
}

function badgeOf({ facts }: ListedIncident): Markup {
  return facts === null ? html`<span class="badge">new</span>` : severityBadge(facts.severity, facts.provisional);
}

function path({ incident }: ListedIncident): string {
  return `/incidents/${encodeURIComponent(incident.id)}`;
}
