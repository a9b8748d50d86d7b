// News of one incident as server-sent events. The browser comes back by itself with Last-Event-ID, so nothing is missed.
import { refresh } from './exchange.js';

const GATHER_MS = 120;
const CLOCK_MS = 15_000;

const page = document.querySelector('[data-incident-page]');
if (page !== null) follow(page.dataset.incidentPage, Number(page.dataset.lastSeq));

function follow(incidentId, lastSeq) {
  const source = new EventSource(`/api/incidents/${encodeURIComponent(incidentId)}/events?since=${lastSeq}`);
  let gathering = false;
  const soon = () => {
    if (gathering) return;
    gathering = true;
    setTimeout(() => {
      gathering = false;
      refresh().then(() => say('live'));
    }, GATHER_MS);
  };
  source.addEventListener('open', () => say('live'));
  source.addEventListener('error', () =>
    say(source.readyState === EventSource.CLOSED ? 'not live: reload the page' : 'reconnecting …'),
  );
  source.addEventListener('timeline', soon);
  source.addEventListener('facts', soon);
  document.addEventListener('incident:decided', soon);
  // Sentences about parts that do not answer come and go without an event.
  setInterval(soon, CLOCK_MS);
}

function say(words) {
  for (const place of document.querySelectorAll('[data-live-state]')) {
    place.textContent = words;
    place.classList.toggle('on', words === 'live');
  }
}
