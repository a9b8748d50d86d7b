const ESCAPE = '\x1b';
const RESET = `${ESCAPE}[0m`;
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'y');
const COLOURS = new RegExp(COLOUR.source, 'g');
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** East Asian wide and full-width characters, and emoji: terminals give them two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a text takes on a terminal, colours not counted. */
export function columnsOf(text: string): number {
  const bare = text.replace(COLOURS, '');
  if (PLAIN.test(bare)) return bare.length;
  let columns = 0;
  for (const { segment } of GRAPHEMES.segment(bare)) columns += widthOf(segment);
  return columns;
}

function widthOf(grapheme: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Cuts to so many columns, keeping colours (and ending them, when there are any); never half of a character. */
export function clipColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let used = 0;
  let index = 0;
  let kept = '';
  while (index < text.length) {
    COLOUR.lastIndex = index;
    const colour = COLOUR.exec(text);
    if (colour !== null) {
      kept += colour[0];
      index += colour[0].length;
      continue;
    }
    const until = text.indexOf(ESCAPE, index + 1);
    for (const { segment } of GRAPHEMES.segment(text.slice(index, until === -1 ? text.length : until))) {
      const width = widthOf(segment);
      if (used + width > columns - 1) return kept.includes(ESCAPE) ? `${kept}…${RESET}` : `${kept}…`;
      used += width;
      kept += segment;
      index += segment.length;
    }
  }
  return kept;
}

/**
 * Broken between words into lines of so many columns, the later ones behind `indent` columns. A word that is too long
 * for a line, and what goes beyond `lines`, is cut. Colours go on over the break.
 */
export function wrapColumns(text: string, columns: number, indent: number, lines: number): readonly string[] {
  if (columnsOf(text) <= columns) return [text];
  const wrapped: string[] = [];
  let line = '';
  // A run of spaces stays with the word behind it: it sets things apart.
  const pieces = text.match(/ *[^ ]+/gu) ?? [text];
  for (const [index, piece] of pieces.entries()) {
    if (line === '' || columnsOf(line + piece) <= columns) line += piece;
    else if (wrapped.length === lines - 1)
      return [...wrapped, clipColumns(line + pieces.slice(index).join(''), columns)];
    else {
      wrapped.push(line);
      line = `${' '.repeat(indent)}${piece.trimStart()}`;
    }
  }
  return [...wrapped, line].map((one) => clipColumns(one, columns));
}

/** Padded to so many columns. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}
