import type { CustomerMailsReading } from '../domain/customer-mails.ts';
import { html, type Markup } from './markup.ts';

const REASONS_SHOWN = 5;

/** What customers were sent, and what came back since (R4.5). Nothing where none was written to. */
export function mailSection(reading: CustomerMailsReading | null): Markup {
  const mails = reading?.mails ?? [];
  if (mails.length === 0) return html`<div id="mails" data-live hidden></div>`;
  return html`<section class="card" id="mails" data-live>
<h2>Mail to customers</h2>
${mails.map(
  (mail) => html`<p>${mail.subject} <span class="hint">${mail.edition}</span></p>
<p class="big">${mail.sent} sent, ${mail.bounced} came back, ${mail.refused} refused, ${mail.waiting} to go</p>
${mail.notDelivered.length > 0 && html`<ul class="plain">${mail.notDelivered.slice(0, REASONS_SHOWN).map(({ customerId, words }) => html`<li>${customerId}: ${words}</li>`)}</ul>`}`,
)}
</section>`;
}
