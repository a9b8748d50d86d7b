import type { Instant } from '../../domain/instant.ts';
import {
  type ComponentState,
  componentState,
  overallStatus,
  type PublicIncident,
  type PublicUpdate,
} from '../../domain/status-board.ts';
import { html, Markup } from '../markup.ts';

export interface StatusBoardView {
  readonly product: string;
  readonly components: readonly { readonly id: string; readonly name: string }[];
  readonly incidents: readonly PublicIncident[];
  /** When this was read from the store; older than a minute is said on the page. */
  readonly readAt: Instant;
  readonly stale: boolean;
  /** Where the page stands below the server's root, without a slash at its end. */
  readonly root: string;
}

const STATE_WORDS: Readonly<Record<ComponentState, string>> = {
  operational: 'Operational',
  degraded_performance: 'Degraded performance',
  partial_outage: 'Partial outage',
  major_outage: 'Major outage',
};
const RECENT_DAYS = 14;
const DAY_MS = 86_400_000;

/** The page itself: how it is now, what is open, the last two weeks. Works without JavaScript, as the rest here. */
export function statusPage(view: StatusBoardView): string {
  const { indicator, description } = overallStatus(view.incidents);
  const open = view.incidents.filter((incident) => incident.resolvedAt === null);
  const since = Date.parse(view.readAt) - RECENT_DAYS * DAY_MS;
  const recent = view.incidents.filter(
    (incident) => incident.resolvedAt !== null && Date.parse(incident.createdAt) >= since,
  );
  return frame(
    view,
    `${view.product} status: ${description}`,
    html`<h1 class="overall ${indicator}">${description}</h1>
${open.map((incident) => incidentCard(view, incident, true))}
<section><h2>Components</h2><ul class="components">${view.components.map(({ id, name }) => {
      const state = componentState(id, view.incidents);
      return html`<li><span>${name}</span> <span class="state ${state}">${STATE_WORDS[state]}</span></li>`;
    })}</ul></section>
<section><h2>Past incidents</h2>
${recent.length === 0 ? html`<p>None in the last ${RECENT_DAYS} days.</p>` : recent.map((incident) => incidentCard(view, incident, false))}
<p><a href="${view.root}/history">All incidents</a> · <a href="${view.root}/history.rss">RSS</a> · <a href="${view.root}/api/v2/summary.json">JSON</a></p></section>
<section><h2>News by mail</h2>
<form method="post" action="${view.root}/subscribe"><label for="email">Your address</label> <input id="email" name="email" type="email" required maxlength="254" autocomplete="email"> <button>Subscribe</button></form></section>`,
  );
}

export function historyPage(view: StatusBoardView): string {
  return frame(
    view,
    `${view.product} incidents`,
    html`<p><a href="${view.root}/">Current status</a></p><h1>Incidents</h1>
${view.incidents.length === 0 ? html`<p>There has been none.</p>` : view.incidents.map((incident) => incidentCard(view, incident, false))}`,
  );
}

export function incidentPage(view: StatusBoardView, incident: PublicIncident): string {
  return frame(
    view,
    incident.name,
    html`<p><a href="${view.root}/">Current status</a></p>${incidentCard(view, incident, true)}`,
  );
}

/** One sentence in answer to a form or a link of a mail. */
export function messagePage(view: StatusBoardView, words: string): string {
  return frame(view, words, html`<h1>${words}</h1><p><a href="${view.root}/">Current status</a></p>`);
}

/** A link in a mail is opened by machines too (scanners, previews), so it only shows the button that acts. */
export function askPage(view: StatusBoardView, ask: { words: string; action: string; token: string }): string {
  return frame(
    view,
    ask.words,
    html`<h1>${ask.words}</h1><form method="post" action="${view.root}/${ask.action}"><input type="hidden" name="token" value="${ask.token}"><button>Yes</button></form>`,
  );
}

function incidentCard(view: StatusBoardView, incident: PublicIncident, whole: boolean): Markup {
  const updates = whole ? incident.updates : incident.updates.slice(0, 1);
  return html`<article class="incident ${incident.resolvedAt === null ? incident.impact : 'over'}">
<h3><a href="${view.root}/incidents/${encodeURIComponent(incident.id)}">${incident.name}</a></h3>
<ol reversed>${updates.map(updateItem)}</ol>
</article>`;
}

function updateItem({ status, body, at }: PublicUpdate): Markup {
  return html`<li><strong>${status.charAt(0).toUpperCase()}${status.slice(1)}</strong> ${body.split('\n').map((line) => html`<span class="line">${line}</span>`)} <time datetime="${at}">${when(at)}</time></li>`;
}

function when(at: Instant): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

function frame(view: StatusBoardView, title: string, body: Markup): string {
  return html`${new Markup('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${view.root}/status.css">
<link rel="alternate" type="application/rss+xml" title="Incidents" href="${view.root}/history.rss">
</head>
<body>
<header><a href="${view.root}/">${view.product} status</a></header>
${view.stale && html`<p class="stale" role="status">This page could not be refreshed; it shows what was known at ${when(view.readAt)}.</p>`}
<main>${body}</main>
<footer>As of <time datetime="${view.readAt}">${when(view.readAt)}</time></footer>
</body>
</html>
`.text;
}
