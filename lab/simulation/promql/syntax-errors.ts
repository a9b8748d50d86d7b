import type { PromqlError } from './errors.ts';
import { parseError } from './errors.ts';
import { FUNCTIONS } from './supported.ts';

const KEYWORDS = /^(?:by|without|on|ignoring|group_left|group_right|bool|offset|and|or|unless)$/i;

/** What stands where nothing may: named as Prometheus's lexer names it. */
export function unexpected(text: string, offset: number): PromqlError {
  const gap = /^(?:\s|#[^\n]*)*/.exec(text.slice(offset))?.[0].length ?? 0;
  const at = offset + gap;
  const rest = text.slice(at);
  if (rest === '') return parseError(text, text.length, endOfInput(text));
  if (rest.startsWith(')')) return parseError(text, at + 1, "unexpected right parenthesis ')'");
  const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
  if (number !== undefined) return parseError(text, at, `unexpected number ${JSON.stringify(number)}`);
  const call = /^([a-zA-Z_:][\w:]*)?\s*\(/.exec(text.slice(identifierStart(text, at)));
  const name = call?.[1];
  if (rest.startsWith('(') && name !== undefined && FUNCTIONS[name] === undefined && !KEYWORDS.test(name)) {
    return parseError(text, identifierStart(text, at), `unknown function with name ${JSON.stringify(name)}`);
  }
  const word = /^[a-zA-Z_:][\w:]*/.exec(rest)?.[0];
  if (word !== undefined) {
    const shown = KEYWORDS.test(word) ? `<${word.toLowerCase()}>` : `identifier ${JSON.stringify(word)}`;
    return parseError(text, at, `unexpected ${shown}`);
  }
  if (/^["'`]/.test(rest)) return parseError(text, at, 'unterminated quoted string');
  return parseError(text, at, `unexpected ${JSON.stringify(rest[0])}`);
}

// The lexer names the bracket that was left open last.
function endOfInput(text: string): string {
  const plain = text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*/g, '');
  const open: string[] = [];
  for (const character of plain) {
    if ('([{'.includes(character)) open.push(character);
    else if (')]}'.includes(character)) open.pop();
  }
  switch (open.at(-1)) {
    case '{':
      return 'unexpected end of input inside braces';
    case '[':
      return 'unclosed left bracket';
    case '(':
      return 'unclosed left parenthesis';
    default:
      return 'unexpected end of input';
  }
}

function identifierStart(text: string, end: number): number {
  const before = /[a-zA-Z_:][\w:]*\s*$/.exec(text.slice(0, end));
  return before === null ? end : before.index;
}
