// News of one incident as server-sent events. The browser comes back by itself behind the last event it heard of.
import { refresh } from './exchange.js';
import { away } from './said.js';

const GATHER_MS = 120;
const CLOCK_MS = 15_000;
const AGAIN_MS = 2_000;

const page = document.querySelector('[data-incident-page]');
if (page !== null) follow(page.dataset.incidentPage, Number(page.dataset.lastSeq));

function follow(incidentId, lastSeq) {
  let seq = lastSeq;
  let gathering = false;
  const soon = () => {
    if (gathering) return;
    gathering = true;
    setTimeout(() => {
      gathering = false;
      refresh();
    }, GATHER_MS);
  };
  const listen = () => {
    const source = new EventSource(`/api/incidents/${encodeURIComponent(incidentId)}/events?since=${seq}`);
    source.addEventListener('open', () => {
      say('live');
      soon();
    });
    source.addEventListener('error', () => {
      say('reconnecting …');
      away(true);
      // An answer that is no stream (a proxy's 503 while the gateway restarts) ends an EventSource for good.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
    });
    source.addEventListener('timeline', (event) => {
      seq = Number(event.lastEventId) || seq;
      soon();
    });
    source.addEventListener('facts', soon);
  };
  listen();
  document.addEventListener('incident:decided', soon);
  // Sentences about parts that do not answer come and go without an event.
  setInterval(soon, CLOCK_MS);
}

let said = '';
function say(words) {
  said = words;
  show();
}

function show() {
  for (const place of document.querySelectorAll('[data-live-state]')) {
    if (place.textContent === said) continue;
    place.textContent = said;
    place.classList.toggle('on', said === 'live');
  }
}

// The timeline is exchanged as a whole, and with it the place where this is said.
document.addEventListener('incident:exchanged', show);
