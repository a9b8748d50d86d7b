// Exchanges the parts of the page that changed for those of the same page rendered anew by the server.
import { setClock, tick } from './clocks.js';
import { away } from './said.js';

const rendered = new Map();
for (const region of regions(document)) rendered.set(region.id, region.outerHTML);

let running = null;
let again = false;

/** Asks the server for this page again and exchanges what differs; one request at a time. */
export function refresh() {
  again = true;
  running ??= loop().finally(() => {
    running = null;
  });
  return running;
}

async function loop() {
  while (again) {
    again = false;
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' }).catch(
      () => null,
    );
    if (answer?.status === 401) return location.reload();
    away(answer === null || !answer.ok);
    if (answer === null || !answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    setClock(fresh.body);
    for (const region of regions(fresh)) exchange(region);
    document.title = fresh.title;
    tick();
    document.dispatchEvent(new CustomEvent('incident:exchanged'));
  }
}

function regions(page) {
  return page.querySelectorAll('[data-live][id]');
}

function exchange(fresh) {
  const current = document.getElementById(fresh.id);
  const markup = fresh.outerHTML;
  if (current === null || rendered.get(fresh.id) === markup || isBeingWritten(current)) return;
  const hadFocus = current.contains(document.activeElement);
  const focused = document.activeElement?.id ?? '';
  const open = new Map([...current.querySelectorAll('details[id]')].map((details) => [details.id, details.open]));
  const next = document.importNode(fresh, true);
  for (const details of next.querySelectorAll('details[id]'))
    if (open.has(details.id)) details.open = open.get(details.id);
  rendered.set(fresh.id, markup);
  current.replaceWith(next);
  if (hadFocus) keepFocus(next, focused);
}

/** What had the focus may be gone, answered by somebody: then its part of the page has it, never the page's beginning. */
function keepFocus(region, id) {
  const same = id === '' ? null : document.getElementById(id);
  if (same === null) region.tabIndex = -1;
  (same ?? region).focus({ preventScroll: true });
}

/** Nothing that somebody is typing is ever taken away; the part is exchanged when it was sent or emptied. */
function isBeingWritten(region) {
  return [...region.querySelectorAll('input:not([type=hidden]), textarea, select')].some((field) =>
    field.tagName === 'SELECT'
      ? field === document.activeElement || field.selectedIndex > 0
      : field.value !== field.defaultValue,
  );
}
