import { type Instant, secondsBetween } from '../domain/instant.ts';
import type { Severity } from '../domain/severity.ts';
import { webAddress } from '../views/escape.ts';
import { clockUtc } from '../views/words.ts';
import { html, type Markup } from './markup.ts';

export function severityBadge(severity: Severity, provisional: boolean): Markup {
  return html`<span class="badge ${severity.toLowerCase()}" title="${provisional ? 'Provisional: part of the impact is not known yet' : 'Severity'}">${severity}${provisional && '?'}</span>`;
}

/** Counts by itself on the page (`public/clocks.js`); written out here for whoever has no JavaScript. */
export function countdown(dueAt: Instant, now: Instant): Markup {
  const late = secondsBetween(now, dueAt) < 0;
  return html`<time class="countdown${late && ' late'}" data-countdown datetime="${dueAt}" title="${dueAt}">${spanWords(secondsBetween(now, dueAt))}</time>`;
}

/** `in 4 min 5 s`, `2 min 10 s late`, `in 12 min`, `in 1 h 20 min`: `4:05` would look like a time of day. As `public/clocks.js`. */
export function spanWords(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const soon = minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
  const short = minutes < 10 ? soon : `${minutes} min`;
  const long = hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours} h ${minutes} min`;
  const shown = hours > 0 ? long : short;
  return seconds < 0 ? `${shown} late` : `in ${shown}`;
}

/** `14:50 UTC`, with the whole instant for whoever points at it. */
export function instantWords(at: Instant, now: Instant): Markup {
  return html`<time datetime="${at}" title="${at}">${clockUtc(at, now)}</time>`;
}

/** A link where the address is one a person may be sent to, else its bare title. */
export function link(title: string, address: string): Markup {
  const href = webAddress(address);
  return href === null
    ? html`${title}`
    : html`<a href="${href}" rel="noreferrer noopener" target="_blank">${title}</a>`;
}
