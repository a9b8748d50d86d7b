// One place where the page says what became of what somebody did; screen readers are told politely.
let timer = null;

export function say(words, tone) {
  const place = document.getElementById('said');
  place.textContent = words;
  place.className = `said ${tone}`;
  place.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      place.hidden = true;
    },
    tone === 'bad' ? 15_000 : 6_000,
  );
}

/** Says that what the page shows may be old, until the gateway answers again. */
export function away(is) {
  const place = document.getElementById('away');
  if (place === null || place.hidden === !is) return;
  const since = document.querySelector('[data-clock]')?.textContent ?? '';
  place.textContent = is ? `The gateway does not answer. This is how it was at ${since} UTC; it may be old.` : '';
  place.hidden = !is;
}

/** Sends something that changes something: the header shows that it comes from our own page. */
export function send(method, path, json) {
  return fetch(path, {
    method,
    credentials: 'same-origin',
    headers: { 'x-incident-console': '1', ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    body: json === undefined ? undefined : JSON.stringify(json),
  });
}
