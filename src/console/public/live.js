// News of one incident as server-sent events: the parts of the page that changed, rendered for whoever is signed in. The
// browser comes back by itself and says which parts it has.
import { setClock } from './clocks.js';
import { refresh, take } from './exchange.js';
import { away } from './said.js';

const AGAIN_MS = 2_000;
const RELOAD_MS = 500;

const page = document.querySelector('[data-incident-page]');
if (page !== null) follow(page);

function follow({ dataset }) {
  let have = dataset.have;
  const address = `/incidents/${encodeURIComponent(dataset.incidentPage)}/events`;
  const listen = () => {
    const asked = new URLSearchParams({ have, ...(dataset.all === undefined ? {} : { all: '1' }) });
    const source = new EventSource(`${address}?${asked}`);
    source.addEventListener('open', () => {
      say('live');
      away(false);
    });
    source.addEventListener('error', () => {
      say('reconnecting …');
      away(true);
      if (source.readyState !== EventSource.CLOSED) return;
      // An answer that is no stream ends an EventSource for good: a proxy's 503 while the gateway restarts, or a sign-in
      // that is over, of which the page itself tells.
      refresh();
      setTimeout(listen, AGAIN_MS);
    });
    source.addEventListener('clock', (event) => setClock({ dataset: JSON.parse(event.data) }));
    source.addEventListener('regions', (event) => {
      have = event.lastEventId || have;
      take(JSON.parse(event.data));
    });
    // In a moment: were the page still the old one, it must not load itself over and over.
    source.addEventListener('reload', () => setTimeout(() => location.reload(), RELOAD_MS));
    source.addEventListener('signed-out', () => location.reload());
  };
  listen();
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
