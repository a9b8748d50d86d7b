// Clocks of the page run in incident time: the server's instant at rendering, plus what has passed since, times speed.
let anchorMs = 0;
let anchoredAt = 0;
let speed = 1;

/** Takes the instant of a page that was just rendered. */
export function setClock(body) {
  anchorMs = Date.parse(body.dataset.now ?? '');
  anchoredAt = performance.now();
  speed = Number(body.dataset.speed) || 1;
}

function incidentNowMs() {
  return anchorMs + (performance.now() - anchoredAt) * speed;
}

/** The same words as parts.ts writes. */
function spanWords(seconds) {
  const whole = Math.round(Math.abs(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const soon = minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
  const short = minutes < 10 ? soon : `${minutes} min`;
  const long = hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours} h ${minutes} min`;
  const shown = hours > 0 ? long : short;
  return seconds < 0 ? `${shown} late` : `in ${shown}`;
}

export function tick() {
  const nowMs = incidentNowMs();
  if (Number.isNaN(nowMs)) return;
  for (const clock of document.querySelectorAll('[data-clock]'))
    clock.textContent = new Date(nowMs).toISOString().slice(11, 16);
  for (const time of document.querySelectorAll('[data-countdown]')) {
    const seconds = (Date.parse(time.dateTime) - nowMs) / 1000;
    const words = spanWords(seconds);
    if (time.textContent !== words) time.textContent = words;
    time.classList.toggle('late', seconds < 0);
    time.classList.toggle('soon', seconds >= 0 && seconds < 300);
  }
}

setClock(document.body);
tick();
setInterval(tick, 250);
