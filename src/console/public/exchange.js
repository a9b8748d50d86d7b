// Exchanges the parts of the page that changed for those of the same page rendered anew by the server.
import { setClock, tick } from './clocks.js';
import { away } from './said.js';

const rendered = new Map();
for (const region of regions(document)) rendered.set(region.id, region.outerHTML);

let running = false;
let again = false;

/** Asks the server for this page again and exchanges what differs; one request at a time. An answer that breaks off is none. */
export function refresh() {
  again = true;
  if (running) return;
  running = true;
  loop()
    .catch(() => away(true))
    .finally(() => {
      running = false;
    });
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
    const fresh = parsed(await answer.text());
    setClock(fresh.body);
    exchangeAll(regions(fresh), fresh.title);
  }
}

/** Takes parts that the server sent by itself. */
export function take({ title, regions: parts }) {
  exchangeAll(
    parts.map((markup) => parsed(markup).body.firstElementChild),
    title,
  );
}

function parsed(markup) {
  return new DOMParser().parseFromString(markup, 'text/html');
}

function exchangeAll(fresh, title) {
  for (const region of fresh) exchange(region);
  document.title = title;
  tick();
  document.dispatchEvent(new CustomEvent('incident:exchanged'));
}

// What was held back while somebody wrote is exchanged once nothing is being written there any more.
const held = new Map();
for (const event of ['input', 'change', 'focusout', 'incident:decided'])
  document.addEventListener(event, () => {
    for (const region of [...held.values()])
      if (writtenIn(document.getElementById(region.id)).length === 0) exchange(region);
  });

function regions(page) {
  return page.querySelectorAll('[data-live][id]');
}

function exchange(fresh) {
  held.delete(fresh.id);
  const current = document.getElementById(fresh.id);
  const markup = fresh.outerHTML;
  if (current === null || rendered.get(fresh.id) === markup) return;
  const written = writtenIn(current);
  if (written.length > 0) {
    held.set(fresh.id, fresh);
    if (written.some(({ id }) => id === '')) return;
    rendered.delete(fresh.id);
    exchangeAround(current, document.importNode(fresh, true), written);
    return;
  }
  const hadFocus = current.contains(document.activeElement);
  const focused = document.activeElement?.id ?? '';
  const next = document.importNode(fresh, true);
  keepFolds(current, next);
  rendered.set(fresh.id, markup);
  current.replaceWith(next);
  if (hadFocus) keepFocus(next, focused);
}

/** What is being written stays untouched where it is, and everything beside it is exchanged: a new question still shows. */
function exchangeAround(current, next, written) {
  const focused = document.activeElement;
  const hadFocus = current.contains(focused);
  keepFolds(current, next);
  current.className = next.className;
  for (const child of [...current.children]) if (!written.includes(child)) child.remove();
  const settled = new Set(written);
  let before = current.firstElementChild;
  for (const child of [...next.children]) {
    const kept = written.find(({ id }) => id === child.id);
    if (kept === undefined) current.insertBefore(child, before);
    else {
      settled.delete(kept);
      before = kept.nextElementSibling;
    }
  }
  for (const part of settled) saySettled(part);
  if (hadFocus && !focused.isConnected) keepFocus(current, focused.id);
}

/** Somebody else answered while it was being written: it is not taken away, but whoever writes is told. */
function saySettled(part) {
  if (part.querySelector('.settled') !== null) return;
  const note = document.createElement('p');
  note.className = 'note settled';
  note.textContent = 'This was settled meanwhile. What you wrote was not sent; it goes away when you empty it.';
  part.append(note);
}

function writtenIn(region) {
  return [...(region?.children ?? [])].filter(isBeingWritten);
}

function keepFolds(current, next) {
  const open = new Map([...current.querySelectorAll('details[id]')].map((details) => [details.id, details.open]));
  for (const details of next.querySelectorAll('details[id]'))
    if (open.has(details.id)) details.open = open.get(details.id);
}

/** What had the focus may be gone, answered by somebody: then its part of the page has it, never the page's beginning. */
function keepFocus(region, id) {
  const same = id === '' ? null : document.getElementById(id);
  if (same === null) region.tabIndex = -1;
  (same ?? region).focus({ preventScroll: true });
}

/** Nothing that somebody is typing is ever taken away; the part is exchanged when it was sent or emptied. */
function isBeingWritten(part) {
  return [...part.querySelectorAll('input:not([type=hidden]), textarea, select')].some((field) =>
    field.tagName === 'SELECT'
      ? field === document.activeElement || field.selectedIndex > 0
      : field.value !== field.defaultValue,
  );
}
