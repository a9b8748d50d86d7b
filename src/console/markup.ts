/** Text that is already HTML. Only `html` makes it, so whatever else is put into a page is escaped. */
export class Markup {
  readonly text: string;
  /** Use `html` instead; `document.ts` and `markdown.ts` alone write what no template can. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Piece = string | number | Markup | null | undefined | false | readonly Piece[];

/**
 * A piece of a page: literal parts are HTML, everything put in between is escaped for text and for attributes in
 * double quotes. Titles, alerts, logs and people's words are strangers' text (R1.4): none of it can become markup.
 */
export function html(literals: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(
    literals.map((literal, index) => (index === 0 ? literal : render(pieces[index - 1]) + literal)).join(''),
  );
}

/** An attribute that is there or not, such as `disabled`. */
export function flag(
  name: 'hidden' | 'disabled' | 'required' | 'selected' | 'open' | 'autofocus',
  on: boolean,
): Markup {
  return new Markup(on ? ` ${name}` : '');
}

function render(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(render).join('');
  return escaped(String(piece));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Controls and overrides of the writing direction: they hide or reorder what a reader sees. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the purpose.
const DECEIVING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

export function withoutDeceiving(text: string): string {
  return text.replace(DECEIVING, '');
}

function escaped(text: string): string {
  return withoutDeceiving(text).replace(/[&<>"'`]/gu, (character) => ENTITIES[character] ?? '');
}
