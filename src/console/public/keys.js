// Keys for whoever does not reach for the mouse. Nothing is decided by a key alone: it leads to the button.
const rows = () => [...document.querySelectorAll('a.incident')];

const keys = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  a: () => document.getElementById('do-acknowledge')?.focus(),
  d: () => document.querySelector('#asked button, #asked summary')?.focus(),
  u: () => location.assign('/'),
  '?': () => document.getElementById('keys')?.showModal(),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const isArrow = event.key.startsWith('Arrow');
  if (isArrow && rows().length === 0) return;
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

function isTyping(element) {
  return element.closest?.('input, textarea, select, [contenteditable], pre') !== null;
}

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement);
  const next = at === -1 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  all[next]?.focus();
}
