// The post-mortem's editor. A text is saved together with the digest of the text it began with, so that two people who
// write at once cannot undo each other's words.
import { refresh } from './exchange.js';
import { say, send } from './said.js';

const page = document.querySelector('[data-post-mortem]');
const form = document.querySelector('[data-post-mortem-form]');
const AWAY = 'The gateway does not answer. Your text is still here; try again.';

if (page !== null && form !== null) edit(page, form);

function edit(place, editor) {
  const address = `/api/incidents/${encodeURIComponent(place.dataset.postMortem)}/post-mortem`;
  const field = editor.elements.text;
  let basedOn = place.dataset.digest;
  let saved = field.value;

  editor.addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = field.value;
    const answer = await send('PUT', address, { text, basedOn }).catch(() => null);
    if (answer === null) return say(AWAY, 'bad');
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 409) return showTheirs(said.error);
    if (!answer.ok) return say(said.error ?? `The gateway answered ${answer.status}. Your text is still here.`, 'bad');
    basedOn = said.digest;
    saved = text;
    document.getElementById('conflict').hidden = true;
    say('Saved.', 'good');
    refresh();
  });

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-approve]');
    if (button === null) return;
    if (field.value !== saved) return say('Save your text first; what is approved is the saved text.', 'ask');
    const anyway = button.dataset.approve === 'anyway';
    const answer = await send('POST', `${address}/approve`, { digest: basedOn, anyway }).catch(() => null);
    if (answer === null) return say(AWAY, 'bad');
    const said = await answer.json().catch(() => ({}));
    const open = document.getElementById('open-places');
    open.hidden = said.openPlaces === undefined || answer.ok;
    document.getElementById('open-places-words').textContent = open.hidden ? '' : said.error;
    if (!open.hidden) return;
    if (!answer.ok) return say(said.error ?? `The gateway answered ${answer.status}.`, 'bad');
    say('Approved.', 'good');
    refresh();
  });

  /** Their text beside ours; saving again is then based on theirs. */
  async function showTheirs(words) {
    const answer = await fetch(address, { credentials: 'same-origin' }).catch(() => null);
    if (answer === null || !answer.ok) return say(words ?? AWAY, 'bad');
    basedOn = answer.headers.get('x-post-mortem-digest') ?? basedOn;
    document.getElementById('theirs').value = await answer.text();
    const conflict = document.getElementById('conflict');
    conflict.hidden = false;
    conflict.scrollIntoView({ block: 'nearest' });
    say('Somebody else saved meanwhile. Your text is kept.', 'ask');
  }

  addEventListener('beforeunload', (event) => {
    if (field.value !== saved) event.preventDefault();
  });
}
