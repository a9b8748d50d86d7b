import { Liquid, type LiquidOptions } from 'liquidjs';
import type { TemplateName } from '../domain/communication-policy.ts';
import { PLACEHOLDERS } from '../domain/template-placeholders.ts';

/** A value that is written in the way of its medium already; as text it is only named. */
interface Written {
  readonly text: string;
  readonly escaped: string;
}
type Values = Readonly<Record<string, string | Written>>;

/** Longest text of a policy, and longest message made of one, in characters. */
export const TEMPLATE_CHARACTERS = 8_000;
const OUTPUT_CHARACTERS = 20_000;
/** Nodes rendered by one text: a loop around a loop ends here. */
const RENDERS = 2_000;
/** A guard against what the other limits do not see, far above what any text takes on a busy machine. */
const RENDER_MILLISECONDS = 2_000;
const MEMORY_UNITS = 200_000;

/** Text in, text out. Nothing that reads files, loads other templates, prints past the escape, or draws random values. */
const TAGS = ['if', 'unless', 'case', 'for', 'assign', 'comment', 'break', 'continue'];
const FILTERS = ['append', 'capitalize', 'default', 'downcase', 'prepend', 'remove', 'replace', 'size', 'strip'];
const MORE_FILTERS = ['truncate', 'truncatewords', 'upcase'];

const OPTIONS: LiquidOptions = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  parseLimit: TEMPLATE_CHARACTERS,
  renderLimit: RENDER_MILLISECONDS,
  memoryLimit: MEMORY_UNITS,
  templates: {},
  relativeReference: false,
  dynamicPartials: false,
};

/**
 * Fills the texts of the policy (Liquid). Values are escaped where they are put out, after every filter, so that no
 * filter can bring back what was escaped; the text itself is the team's own and stays as it is.
 */
export function createTemplateRenderer() {
  const engines = new WeakMap<(text: string) => string, Liquid>();
  const engineFor = (escaped: (text: string) => string) => {
    const known = engines.get(escaped) ?? engine(escaped);
    engines.set(escaped, known);
    return known;
  };
  return (template: string, values: Values, escaped: (text: string) => string): string =>
    rendered(engineFor(escaped), template, values);
}

function rendered(liquid: Liquid, template: string, values: Values): string {
  const scope = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scoped(value)]));
  const text = String(liquid.parseAndRenderSync(template, scope, { templateLimit: RENDERS }));
  if (text.length > OUTPUT_CHARACTERS)
    throw new Error(`it makes a text of ${text.length} characters; at most ${OUTPUT_CHARACTERS} are sent`);
  return text;
}

/** As a string it is only the name; put out as it is, it is what its medium writes. */
class WrittenValue {
  readonly #value: Written;
  constructor(value: Written) {
    this.#value = value;
  }
  static escaped(value: unknown): string | null {
    return value instanceof WrittenValue ? value.#value.escaped : null;
  }
  toString(): string {
    return this.#value.text;
  }
}

function scoped(value: string | Written): string | WrittenValue {
  return typeof value === 'string' ? value : new WrittenValue(value);
}

function engine(escaped: (text: string) => string): Liquid {
  const liquid = new Liquid({
    ...OPTIONS,
    outputEscape: (value: unknown) => WrittenValue.escaped(value) ?? escaped(value == null ? '' : String(value)),
  });
  keepOnly(liquid.tags, TAGS);
  keepOnly(liquid.filters, [...FILTERS, ...MORE_FILTERS]);
  // A value that is a sentence of its own must not end the sentence it is put into.
  liquid.registerFilter('inline', (value: unknown) => String(value).trim().replace(/\.$/u, ''));
  return liquid;
}

function keepOnly(all: object, names: readonly string[]): void {
  for (const name of Object.keys(all)) if (!names.includes(name)) delete (all as Record<string, unknown>)[name];
}

export interface TemplateProblem {
  readonly message: string;
  /** The value it asks for that it does not have; null for any other problem. */
  readonly unknown: string | null;
  /** Where in the text, from 1; null when the text as a whole is wrong. */
  readonly line: number | null;
}

/** The longest value a view puts into a text, in characters: what a policy is tried with. */
const LONG_VALUE = 'long words '.repeat(45);

/** What is wrong with a text of the policy, found when the policy is read and not in the middle of the night. */
export function templateProblems(name: TemplateName, template: string): readonly TemplateProblem[] {
  const known = PLACEHOLDERS[name];
  const old = /(?<!\{)\{(?![{%])\s*([A-Za-z]\w*)\s*\}(?!\})/u.exec(template);
  if (old !== null && known.includes(old[1] ?? '')) {
    return [{ message: `writes ${old[0]}; values are written {{ ${old[1]} }}`, unknown: null, line: null }];
  }
  const liquid = engine(String);
  try {
    const unknown = liquid
      .globalVariablesSync(liquid.parse(template))
      .map(String)
      .filter((variable) => !known.includes(variable));
    if (unknown.length > 0) {
      return unknown.map((variable) => ({
        message: `uses {{ ${variable} }}, which it does not have`,
        unknown: variable,
        line: null,
      }));
    }
    rendered(liquid, template, Object.fromEntries(known.map((value) => [value, LONG_VALUE])));
    return [];
  } catch (error) {
    return [problemOf(error)];
  }
}

function problemOf(error: unknown): TemplateProblem {
  const words = error instanceof Error ? error.message : String(error);
  const at = /, line:(\d+), col:\d+$/u.exec(words);
  return {
    message: `cannot be filled: ${words.replace(/, line:\d+, col:\d+[\s\S]*$/u, '')}`,
    unknown: null,
    line: at === null ? null : Number(at[1]),
  };
}
