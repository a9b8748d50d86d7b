// Runs in the page that a test looks at (looking.ts evaluates it there), so it is plain JavaScript.
globalThis.looking = { foldOut, cutParts, axeFaults, timelineSeqs };

function foldOut() {
  for (const details of document.querySelectorAll('details')) details.open = true;
}

/** The sequence numbers of the timeline as it stands on the page, in order. */
function timelineSeqs() {
  return [...document.querySelectorAll('#timeline [data-seq]')].map((item) => Number(item.dataset.seq)).reverse();
}

/** Everything that reaches over the edge, or whose text does not fit its box. */
function cutParts() {
  const width = document.documentElement.clientWidth;
  const wanted = document.documentElement.scrollWidth;
  const found = wanted > width ? [`the page is ${wanted} px wide`] : [];
  for (const element of document.body.querySelectorAll('*')) {
    if (isHidden(element)) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (box.right > width + 1 || box.left < -1) found.push(`over the edge: ${nameOf(element)}`);
    if (['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName) || style.display === 'inline') continue;
    if (element.scrollWidth > element.clientWidth + 1) found.push(`wider than its place: ${nameOf(element)}`);
    // The list shortens what it tells of ended incidents to two lines, and ends them with an ellipsis.
    const shortened = style.webkitLineClamp !== 'none';
    const hides = style.overflowY === 'hidden' || style.overflowY === 'clip';
    if (hides && !shortened && element.scrollHeight > element.clientHeight + 1)
      found.push(`higher than its place: ${nameOf(element)}`);
  }
  return found;
}

/** Not there for eyes: in a folded part, drawn (a chart), or only for screen readers. */
function isHidden(element) {
  if (!element.checkVisibility() || element.closest('svg, .skip') !== null) return true;
  for (let at = element; at !== null; at = at.parentElement) if (getComputedStyle(at).clipPath !== 'none') return true;
  return element.getBoundingClientRect().width === 0;
}

function nameOf(element) {
  const words = (element.textContent ?? '').trim().slice(0, 60);
  return `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> ${words}`;
}

/** What axe, which must have been evaluated before, calls serious or critical. */
async function axeFaults() {
  const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}
