// The quick reference: looks at once; shows what would be done, and does it after a yes. Everything that comes from
// systems is put in as text.
import { refresh } from './exchange.js';
import { say, send } from './said.js';

const LOOK_EVERY_MS = 1_000;
const LOOKS = 600;
const AWAY = 'The gateway does not answer. Nothing was done; try again.';

const checks = document.querySelector('[data-check]');
const act = document.querySelector('[data-act]');
if (checks !== null && act !== null) {
  checks.addEventListener('submit', (event) => {
    event.preventDefault();
    look(event.submitter).catch(lost);
  });
  act.addEventListener('submit', (event) => {
    event.preventDefault();
    begin(act).catch(lost);
  });
  act.elements.action.addEventListener('change', () => onlyFor(act.elements.action.value));
  onlyFor(act.elements.action.value);
}

function lost() {
  say('The answer broke off. What was asked for may have been done: load the page again and look first.', 'bad');
}

function onlyFor(action) {
  for (const part of document.querySelectorAll('[data-only-for]')) part.hidden = part.dataset.onlyFor !== action;
}

async function look(button) {
  const place = document.getElementById('looked');
  place.replaceChildren(made('p', 'Looking …', 'hint'));
  const said = await asked('/api/checks', { id: freshId(), what: button.value });
  if (said === null) return place.replaceChildren();
  place.replaceChildren(
    ...said.items.flatMap(({ words, command, excerpt, abnormal }) => [
      made('p', words, abnormal ? 'bad' : ''),
      made('pre', command, 'command'),
      ...(excerpt === '' ? [] : [scrollable(made('pre', excerpt, 'excerpt'))]),
    ]),
    ...said.gaps.map(({ probe, reason, source }) => made('p', `${probe} is not known: ${reason} (${source})`, 'hint')),
  );
  refresh();
}

async function begin(form) {
  const { action, target, replicas, because } = form.elements;
  const number = action.value === 'scale' && replicas.value !== '' ? Number(replicas.value) : null;
  const wish = { action: action.value, target: target.value.trim() || null, replicas: number, because: because.value };
  const state = await asked('/api/quick-actions', { id: freshId(), ...wish });
  if (state !== null) show(state);
}

/** Where it stands, with the buttons that make sense then. */
function show(state) {
  const place = document.getElementById('preview');
  if (state.stage === undefined)
    return place.replaceChildren(made('p', `Its preview takes longer. Nothing was done. It is ${state.id}.`));
  const waits = state.stage === 'waiting';
  const { role, secondPerson } = state.needs;
  const who = secondPerson
    ? `It takes somebody else with the role ${role}: incident do approve ${state.id}`
    : `Nothing is done before approval by the role ${role}.`;
  const buttons = made('div', '', 'others');
  if (waits && !secondPerson)
    buttons.append(button('Yes, do it', 'primary', () => answer(state.id, 'confirm').catch(lost)));
  if (waits) buttons.append(button('Drop it', 'second', () => answer(state.id, 'call-off').catch(lost)));
  if (state.stage === 'temporary')
    buttons.append(button('Revert now', 'second', () => answer(state.id, 'undo').catch(lost)));
  place.replaceChildren(
    made('p', state.words),
    ...(state.plan === null ? [] : [made('pre', state.plan.command, 'command')]),
    ...(waits ? [made('p', who, 'hint')] : []),
    buttons,
  );
}

async function answer(id, name) {
  let state = await asked(`/api/quick-actions/${encodeURIComponent(id)}/answer`, {
    id: freshId(),
    name,
    because: null,
  });
  if (state === null) return;
  show(state);
  for (let looks = 0; looks < LOOKS && state.stage === 'acting'; looks += 1) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    const read = await fetch(`/api/quick-actions/${encodeURIComponent(id)}`, { credentials: 'same-origin' }).catch(
      () => null,
    );
    if (read?.ok) state = await read.json();
  }
  show(state);
  say(state.words, state.stage === 'failed' ? 'bad' : 'good');
  refresh();
}

/** Null when it was refused, which was said then. */
async function asked(path, body) {
  const response = await send('POST', path, body).catch(() => null);
  const said = response === null ? { error: AWAY } : await response.json().catch(() => ({}));
  if (response?.ok) return said;
  say(said.error ?? `The gateway answered ${response.status}.`, 'bad');
  return null;
}

function made(tag, text, className = '') {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function scrollable(element) {
  element.tabIndex = 0;
  return element;
}

function button(words, look, press) {
  const element = made('button', words, look);
  element.type = 'button';
  element.addEventListener('click', press, { once: true });
  return element;
}

/** crypto.randomUUID exists on https and localhost only; a console on the office network is neither. */
function freshId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
