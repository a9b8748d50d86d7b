// Decisions: what was typed is the body that the API takes. One id for each intent, so that a double click or a
// second try after a lost answer is one decision.
import { say, send } from './said.js';

const ids = new WeakMap();

document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-decision]');
  if (form === null) return;
  event.preventDefault();
  if (form.dataset.sending === 'yes') return;
  const body = bodyOf(form);
  const text = JSON.stringify(body);
  const known = ids.get(form);
  const id = known?.text === text ? known.id : freshId();
  ids.set(form, { text, id });
  form.dataset.sending = 'yes';
  // Not disabled: a disabled button loses the focus, and whoever works by keys would begin at the top again.
  const buttons = form.querySelectorAll('button');
  for (const button of buttons) button.setAttribute('aria-disabled', 'true');
  try {
    await decide(form, id, body);
  } finally {
    delete form.dataset.sending;
    for (const button of buttons) button.removeAttribute('aria-disabled');
  }
});

async function decide(form, id, body) {
  const { decision: name, incident } = form.dataset;
  const answer = await send('POST', `/api/incidents/${encodeURIComponent(incident)}/decisions`, {
    id,
    name,
    body,
  }).catch(() => null);
  if (answer === null) return say('The gateway does not answer. Try again: a second try is the same decision.', 'bad');
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok)
    say(said.error ?? `The gateway answered ${answer.status}.`, said.accepted === 'pending' ? 'ask' : 'bad');
  else say(said.effect ?? 'Done.', 'good');
  // Somebody else answered first: what was typed answers nothing any more, and must not keep the old question here.
  const question = form.closest('.question');
  if (!answer.ok && !(answer.status === 409 && question !== null)) return;
  for (const one of question?.querySelectorAll('form') ?? [form]) done(one);
  document.dispatchEvent(new CustomEvent('incident:decided'));
}

/** Emptied and folded: what is still being written keeps its part of the page from being exchanged. */
function done(form) {
  ids.delete(form);
  form.reset();
  const details = form.closest('details.act');
  if (details !== null) details.open = false;
}

/** As it was written: the gateway reads times and lengths, as it does from chat and the command line. */
function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (field.name === '') continue;
    const value = field.value.trim();
    body[field.name] = value === '' && !field.required && field.type !== 'hidden' ? null : value;
  }
  return body;
}

/** crypto.randomUUID exists on https and localhost only; a console on the office network is neither. */
function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `console-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
