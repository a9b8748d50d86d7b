import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTemplateRenderer, templateProblems } from '../../src/config/liquid.ts';
import { checkPolicy } from '../../src/config/policy.ts';

const render = createTemplateRenderer();
const asIs = (text: string) => text;
const nested = (depth: number, inside: string): string =>
  depth === 0 ? inside : `{% for i${depth} in (1..50) %}${nested(depth - 1, inside)}{% endfor %}`;

/** What a text may try when whoever wrote it means harm; each must end as a sentence, quickly, and touch nothing. */
const HOSTILE_TEXTS: readonly (readonly [string, string])[] = [
  ['a range of a billion', '{% for i in (1..1000000000) %}x{% endfor %}'],
  ['a loop in a loop in a loop', nested(6, '{{ title }}')],
  [
    'billion laughs',
    `{% assign a = "lolololololololol" %}${'{% assign a = a | append: a | append: a | append: a %}'.repeat(20)}{{ a }}`,
  ],
  ['replace that grows', `{% assign a = "aaaaaaaa" %}${'{% assign a = a | replace: "a", a %}'.repeat(6)}{{ a }}`],
  ['the constructor', '{{ title.constructor }}'],
  ['the prototype', '{{ title.__proto__.polluted }}'],
  ['a name of Object', '{{ constructor }}{{ toString }}{{ hasOwnProperty }}'],
  ['a bracket to the prototype', '{{ title["__proto__"]["constructor"] }}'],
  ['a file', '{% include "/etc/passwd" %}'],
  ['a rendered file', '{% render "../../policy/noa.yaml" %}'],
  ['a layout', '{% layout "x" %}'],
  ['past the escape', '{{ title | raw }}'],
  ['nested tags by the liquid tag', '{% liquid echo title %}'],
  ['an unknown filter', '{{ title | system: "id" }}'],
  ['an unknown value', '{{ nobody }}'],
  ['the clock', '{{ "now" | date: "%s" }}'],
  ['chance', '{{ title | split: "" | sample }}'],
  ['an endless tag', '{% if title %}'],
  ['an endless output', '{{ title'],
  ['ten megabytes', 'x'.repeat(10_000_000)],
];

describe('texts of the policy', () => {
  it.each(HOSTILE_TEXTS)('refuses %s when the policy is read, and when it is filled', (_what, text) => {
    const problems = templateProblems('chatInitial', text);
    expect(problems.length).toBeGreaterThan(0);
    for (const { message } of problems) expect(message.length).toBeLessThan(400);
    expect(() => render(text, { title: 'A title' }, asIs)).toThrow();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('takes the plain things: values, conditions, short loops, filters of text', () => {
    const text = '{% if cause == "x" %}a{% else %}{{ title | upcase | truncate: 5 }}{% endif %}';
    expect(templateProblems('chatInitial', text)).toEqual([]);
    expect(render(text, { title: 'abcdefgh', cause: 'y' }, asIs)).toBe('AB...');
    expect(render('{% for i in (1..3) %}{{ i }}{% endfor %}', {}, asIs)).toBe('123');
  });

  it('tells whoever still writes {name} how values are written', () => {
    expect(templateProblems('chatInitial', 'At {time}')).toEqual([
      { message: 'writes {time}; values are written {{ time }}', unknown: null, line: null },
    ]);
  });

  it('is part of the policy check: an unknown value has file, line, column and a suggestion', async () => {
    const noa = await readFile(join(import.meta.dirname, '../../policy/noa.yaml'), 'utf8');
    const wrong = noa.replace('Issue: {{ issue }}', 'Issue: {{ isue }}');
    const { policy, problems } = checkPolicy(wrong, 'policy/x.yaml');
    expect(policy).toBeNull();
    const line = wrong.slice(0, wrong.indexOf('chatInitial: |-')).split('\n').length;
    expect(problems).toMatchObject([
      {
        level: 'error',
        file: 'policy/x.yaml',
        line,
        column: 18,
        path: 'communication.templates.chatInitial',
        message: expect.stringMatching(/uses \{\{ isue \}\}, which it does not have.*issue/u),
      },
    ]);
  });

  it('names what a text does wrong beyond its values', async () => {
    const noa = await readFile(join(import.meta.dirname, '../../policy/noa.yaml'), 'utf8');
    const { problems } = checkPolicy(noa.replace('Severity: {{ severity }}', 'Severity: {{ severity | shout }}'), 'x');
    expect(problems[0]?.message).toMatch(
      /chatInitial cannot be filled: undefined filter: shout \(line 2 of the text\)/u,
    );
  });
});
