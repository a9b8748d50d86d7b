/** A document as its sections: what stands before the first heading of level two, then heading by heading. */
interface Section {
  readonly heading: string | null;
  readonly text: string;
}

const HEADING = /^## +(.+?)\s*$/u;
/** More new lines than this would bury people's words; the incident's timeline has them all. */
const NEW_LINES_SHOWN = 20;

/**
 * Puts the machine's newer text into a document that people have edited, section by section: what nobody touched is
 * replaced, what people wrote stays as it is, and facts that are new there since stand below it as a quotation (R6.3).
 * `base` is the machine's text that people began with.
 */
export function mergePostMortem(parts: {
  readonly base: string;
  readonly edited: string;
  readonly fresh: string;
}): string {
  const base = sectionsOf(parts.base);
  const fresh = sectionsOf(parts.fresh);
  const edited = sectionsOf(parts.edited);
  const merged = edited.map((section): string => {
    const was = sameAs(base, section);
    const is = sameAs(fresh, section);
    if (is === null) return section.text;
    if (was !== null && was.text.trim() === section.text.trim()) return is.text;
    return withNews(section.text, was?.text ?? '', is.text);
  });
  // Sections that the machine has only now, and that people did not take out.
  const added = fresh.filter((section) => sameAs(edited, section) === null && sameAs(base, section) === null);
  return `${[...merged, ...added.map(({ text }) => text)].map((text) => text.trim()).join('\n\n')}\n`;
}

/** Places that still wait for people's words, as they are asked for. */
export function openPlaces(document: string): readonly string[] {
  return [...document.matchAll(/_For people to write: (.+?)\._/gu)].map(([, what]) => what ?? '');
}

function sectionsOf(document: string): readonly Section[] {
  const sections: { heading: string | null; lines: string[] }[] = [{ heading: null, lines: [] }];
  let fenced = false;
  for (const line of document.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    const heading = fenced ? null : (HEADING.exec(line)?.[1] ?? null);
    if (heading !== null) sections.push({ heading, lines: [] });
    sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ heading, lines }) => ({ heading, text: lines.join('\n') }));
}

function sameAs(sections: readonly Section[], { heading }: Section): Section | null {
  return sections.find((section) => section.heading === heading) ?? null;
}

function withNews(edited: string, was: string, is: string): string {
  const known = new Set([...lines(was), ...lines(edited)]);
  const news = lines(is).filter((line) => !known.has(line));
  if (news.length === 0) return edited;
  const shown = news.slice(0, NEW_LINES_SHOWN).map((line) => `> ${line}`);
  const left = news.length - shown.length;
  return [
    edited.trimEnd(),
    '',
    '> New since this was edited:',
    '>',
    ...shown,
    ...(left > 0 ? [`> (${left} more in the incident's timeline)`] : []),
  ].join('\n');
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
