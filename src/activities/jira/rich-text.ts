/** Atlassian Document Format, version 1: what Jira Cloud takes where people read. */
export interface RichText {
  readonly type: 'doc';
  readonly version: 1;
  readonly content: readonly {
    readonly type: 'paragraph';
    readonly content: readonly (
      | { readonly type: 'text'; readonly text: string; readonly marks?: readonly LinkMark[] }
      | { readonly type: 'hardBreak' }
    )[];
  }[];
}

interface LinkMark {
  readonly type: 'link';
  readonly attrs: { readonly href: string };
}

const LINK = /https?:\/\/[^\s<>")]+/gu;
/** Jira refuses longer texts. */
const CHARACTERS = 32_000;

/** Paragraphs where an empty line parts them, breaks where a line ends, links where one is written; no empty text node, which Jira refuses. */
export function richText(text: string): RichText {
  const paragraphs = text
    .slice(0, CHARACTERS)
    .split(/\n{2,}/u)
    .filter((paragraph) => paragraph.trim() !== '');
  return {
    type: 'doc',
    version: 1,
    content: paragraphs.map((paragraph) => ({
      type: 'paragraph',
      content: paragraph
        .split('\n')
        .flatMap((line, index) => [...(index === 0 ? [] : [{ type: 'hardBreak' as const }]), ...withLinks(line)]),
    })),
  };
}

function withLinks(line: string) {
  const parts: { type: 'text'; text: string; marks?: readonly LinkMark[] }[] = [];
  let from = 0;
  for (const match of line.matchAll(LINK)) {
    if (match.index > from) parts.push({ type: 'text', text: line.slice(from, match.index) });
    parts.push({ type: 'text', text: match[0], marks: [{ type: 'link', attrs: { href: match[0] } }] });
    from = match.index + match[0].length;
  }
  if (from < line.length) parts.push({ type: 'text', text: line.slice(from) });
  return parts;
}
