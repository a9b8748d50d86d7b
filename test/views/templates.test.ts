import { describe, expect, it } from 'vitest';
import type { TemplateName } from '../../src/domain/communication-policy.ts';
import { fillTemplate } from '../../src/views/templates.ts';
import { COMMUNICATION, FACTS, TEMPLATES } from './facts.ts';

const asIs = (text: string) => text;
const angled = (text: string) => text.replace(/</gu, '&lt;');

function filled(template: string, facts = FACTS, escaped = asIs, name: TemplateName = 'chatInitial'): string {
  const texts = { ...COMMUNICATION, templates: { [name]: template } };
  return fillTemplate(name, facts, {}, { ...TEMPLATES, texts }, escaped);
}

describe('templates', () => {
  it('writes times with their zone', () => {
    expect(filled('{{ time }} / {{ time }}')).toBe('14:50 UTC / 14:50 UTC');
    expect(filled('{{ nextUpdate }}', { ...FACTS, nextUpdateAt: null })).toBe('when there is news');
    expect(filled('{{ nextUpdate }}', { ...FACTS, nextUpdateAt: '2024-10-24T09:00:00.000Z' })).toBe(
      '2024-10-24 09:00 UTC',
    );
  });

  it('does not fill what a value looks like, and does not end a sentence in its middle', () => {
    expect(filled('{{ issue }}', { ...FACTS, issue: '{{ fix }} {% if %}' })).toBe('{{ fix }} {% if %}');
    expect(filled('It is {{ cause | inline }} and we act.', { ...FACTS, causeWords: 'a full pool.' })).toBe(
      'It is a full pool and we act.',
    );
  });

  it('escapes values after every filter and never the template', () => {
    expect(filled('<!here> {{ title }}', { ...FACTS, title: '<b>' }, angled)).toBe('<!here> &lt;b>');
    expect(filled('{{ title | replace: "(", "<" }}', { ...FACTS, title: '(b>' }, angled)).toBe('&lt;b>');
  });

  it('puts a mention out only as a whole: through a filter it is its name', () => {
    const texts = { ...COMMUNICATION, templates: { chatInitial: '{{ teams }} {{ teams | upcase }}' } };
    const extras = { teamsEscaped: '<!subteam^S1>' };
    expect(
      fillTemplate('chatInitial', { ...FACTS, teamsNotified: ['ops <b>'] }, extras, { ...TEMPLATES, texts }, angled),
    ).toBe('<!subteam^S1> OPS &lt;B>');
  });

  it('keeps what a template may not see from it', () => {
    expect(() => filled('{{ commander }}', FACTS, asIs, 'statusResolved')).toThrow('undefined variable: commander');
  });
});
