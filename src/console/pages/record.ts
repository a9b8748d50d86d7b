import type { Instant } from '../../domain/instant.ts';
import { durationWords } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';
import { instantWords, severityBadge } from '../parts.ts';
import type { ListedIncident } from '../reading.ts';

export const RECORD_BY = ['severity', 'service', 'cause', 'month'] as const;
export type RecordBy = (typeof RECORD_BY)[number];

type LengthName = 'acknowledge' | 'mitigate' | 'resolve';

interface Group {
  readonly group: string;
  readonly incidents: number;
  readonly lengths: Readonly<
    Record<LengthName, { readonly recorded: number; readonly medianSeconds: number | null; readonly invalid: number }>
  >;
  readonly promises: { readonly kept: number; readonly late: number; readonly missed: number };
  readonly relapses: number;
}

/** GET /api/stats, as far as it is shown. */
export interface Figures {
  readonly total: Group | null;
  readonly groups: readonly Group[];
}

const CLOSED_SHOWN = 100;
const COLUMNS = [
  'Incidents',
  'Acknowledged',
  'Mitigated',
  'Resolved',
  'Promises kept, late, missed',
  'Came back',
] as const;
const LENGTHS: readonly LengthName[] = ['acknowledge', 'mitigate', 'resolve'];

/** What became of the incidents that are over (R6.7): medians, each with the number of incidents it rests on. */
export function recordBody(figures: Figures, by: RecordBy, incidents: readonly ListedIncident[], now: Instant): Markup {
  const ended = incidents.filter(({ incident }) => incident.status === 'closed').slice(0, CLOSED_SHOWN);
  const rows = figures.total === null ? figures.groups : [...figures.groups, figures.total];
  return html`<h1>Record</h1>
<nav class="tabs" aria-label="Figures by">${RECORD_BY.map((one) => (one === by ? html`<a href="/record?by=${one}" aria-current="page">by ${one}</a>` : html`<a href="/record?by=${one}">by ${one}</a>`))}</nav>
<section class="card"><h2>Figures</h2>
${
  rows.length === 0
    ? html`<p class="empty">No incident is over yet; the figures begin with the first.</p>`
    : html`<div class="wide" tabindex="0" role="region" aria-label="Figures"><table><caption class="hint">Medians since the first alert; in brackets how many incidents each rests on. False alarms and merged incidents are left out.</caption>
<thead><tr>${[by, ...COLUMNS].map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(groupRow)}</tbody></table></div>`
}
</section>
<section><h2>Closed <span class="count">${ended.length}</span></h2>
${ended.length === 0 ? html`<p class="empty">None has been closed yet.</p>` : html`<ul class="incidents ended">${ended.map((one) => closedRow(one, now))}</ul>`}
</section>`;
}

function groupRow({ group, incidents, lengths, promises, relapses }: Group): Markup {
  const cells = [
    html`${incidents}`,
    ...LENGTHS.map((name) => median(lengths[name])),
    html`${promises.kept}, ${promises.late}, ${promises.missed}`,
    html`${relapses}`,
  ];
  return html`<tr><th scope="row">${group}</th>${cells.map((cell, index) => html`<td data-column="${COLUMNS[index]}">${cell}</td>`)}</tr>`;
}

function median({ medianSeconds, recorded, invalid }: Group['lengths'][LengthName]): Markup {
  const doubt = invalid > 0 && html` <span class="hint">${invalid} not usable</span>`;
  return medianSeconds === null
    ? html`<span class="hint">none</span>${doubt}`
    : html`${durationWords(medianSeconds)} <span class="hint">(${recorded})</span>${doubt}`;
}

function closedRow({ incident, facts }: ListedIncident, now: Instant): Markup {
  const how = incident.closedAs?.replace('-', ' ') ?? 'closed';
  return html`<li><a class="incident" href="/incidents/${encodeURIComponent(incident.id)}">
${facts === null ? html`<span class="badge">new</span>` : severityBadge(facts.severity, false)}
<span class="title">${incident.title}</span>
<span class="about">${how}${facts?.fix && html` · ${facts.fix}`}</span>
<span class="when">${instantWords(incident.openedAt, now)}</span>
</a></li>`;
}
