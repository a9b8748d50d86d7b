import type { Instant } from '../domain/instant.ts';
import { html, Markup } from './markup.ts';

export interface PageFrame {
  readonly title: string;
  /** The first word of the navigation. */
  readonly product: string;
  /** Who is signed in; null on the sign-in page. */
  readonly me: { readonly name: string } | null;
  readonly now: Instant;
  /** Incident seconds that pass in a second: the clocks of the page count by it. */
  readonly speed: number;
  readonly modules: readonly (
    | 'clocks'
    | 'live'
    | 'decisions'
    | 'session'
    | 'refresh'
    | 'keys'
    | 'post-mortem'
    | 'runbook-change'
    | 'quick'
  )[];
  readonly body: Markup;
}

/** Address, words in the navigation, and the title of the page itself. */
const PAGES = [
  ['/', 'Incidents', 'Incidents'],
  ['/quick', 'Quick', 'Quick reference'],
  ['/record', 'Record', 'Record'],
  ['/drills', 'Drills', 'Drills'],
  ['/policy', 'Policy', 'Policy'],
  ['/health', 'Health', 'System health'],
] as const;

const KEYS = [
  ['j or ↓, k or ↑', 'next or previous incident of the list'],
  ['Enter', 'open it'],
  ['a', 'to the button that acknowledges'],
  ['d', 'to what you are asked'],
  ['u', 'back to the list'],
  ['?', 'this help'],
] as const;

/** Opened by `?` (`public/keys.js`). */
function keysDialog(): Markup {
  return html`<dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2>
<dl class="facts">${KEYS.map(([key, words]) => html`<dt><kbd>${key}</kbd></dt><dd>${words}</dd>`)}</dl>
<form method="dialog"><button class="second">Close</button></form></dialog>`;
}

/** A whole page. No inline script or style: the content security policy allows neither. */
export function page(frame: PageFrame): string {
  const { me } = frame;
  return html`${new Markup('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${frame.title}</title>
<link rel="icon" href="/console/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console/console.css">
${[...frame.modules, ...(me === null ? [] : ['keys'])].map((name) => html`<script type="module" src="/console/${name}.js"></script>`)}
</head>
<body data-now="${frame.now}" data-speed="${frame.speed}">
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="home" href="/">${frame.product} <span>incidents</span></a>
<span class="clock" title="Incident time, UTC"><time data-clock datetime="${frame.now}">${frame.now.slice(11, 16)}</time> UTC${frame.speed !== 1 && html` <span class="speed">×${frame.speed}</span>`}</span>
${me !== null && html`<nav class="pages" aria-label="Pages">${PAGES.map(([path, words, title]) => (title === frame.title ? html`<a href="${path}" aria-current="page">${words}</a>` : html`<a href="${path}">${words}</a>`))}</nav>`}
${me !== null && html`<span class="me"><span class="name">${me.name}</span> <button class="quiet" type="button" data-sign-out>Sign out</button></span>`}
</header>
<p id="away" class="note away" role="status" hidden></p>
<main id="main" tabindex="-1">
${frame.body}
</main>
${me !== null && keysDialog()}
<p id="said" class="said" role="status" aria-live="polite" hidden></p>
<noscript><p class="note">This page shows everything without JavaScript, but deciding and live news need it. The command line does both: incident --help</p></noscript>
</body>
</html>
`.text;
}

/** A moment of one page that leads to another: the browser then asks as our own site and sends the session cookie. */
export function bouncePage(to: string): string {
  return html`${new Markup('<!doctype html>')}
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${to}"><title>One moment</title>
<link rel="stylesheet" href="/console/console.css"></head>
<body><main><p><a href="${to}">Continue</a></p></main></body></html>
`.text;
}
