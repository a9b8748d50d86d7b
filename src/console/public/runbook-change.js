// The change of a runbook that comes of a post-mortem: saved, withheld, or proposed at once.
import { say, send } from './said.js';

const card = document.querySelector('[data-runbook-change]');
if (card !== null) act(card);

function act(place) {
  const address = `/api/incidents/${encodeURIComponent(place.dataset.runbookChange)}/runbook-change`;
  const form = place.querySelector('[data-runbook-form]');
  let basedOn = place.dataset.digest;

  async function tell(method, path, body, words) {
    const answer = await send(method, address + path, body).catch(() => null);
    if (answer === null) return say('The gateway does not answer. Nothing was changed; try again.', 'bad');
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) return say(said.error ?? `The gateway answered ${answer.status}.`, 'bad');
    basedOn = said.digest ?? basedOn;
    say(words, 'good');
  }

  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    void tell('PUT', '', { text: form.elements.text.value, basedOn }, 'Saved.');
  });
  place.querySelector('[data-runbook-propose]')?.addEventListener('click', () => {
    void tell('POST', '/propose', { digest: basedOn }, 'The pull request is on its way.');
  });
  place.querySelector('[data-runbook-withhold]')?.addEventListener('submit', (event) => {
    event.preventDefault();
    void tell('POST', '/withhold', { because: event.target.elements.because.value }, 'Withheld.');
  });
}
