import { describe, expect, it } from 'vitest';
import { checkTemplate, fillTemplate } from '../../src/views/templates.ts';
import { FACTS } from './facts.ts';

const asIs = (text: string) => text;

describe('templates', () => {
  it('refuses an unknown placeholder and lists those it may use', () => {
    expect(checkTemplate('statusResolved', 'Ask {commander} or {nobody}')).toMatch(
      /^The text "statusResolved" uses \{commander\}, \{nobody\}, which it cannot fill\. It may use \{time\}, \{date\}, /u,
    );
    expect(() => fillTemplate('slackInitial', '{oops}', FACTS, {}, asIs)).toThrow('{oops}');
    expect(checkTemplate('slackInitial', 'plain {time}')).toBeNull();
  });

  it('writes the zone once, whether the template does or not', () => {
    expect(fillTemplate('slackInitial', '{time} UTC / {time}', FACTS, {}, asIs)).toBe('14:50 UTC / 14:50 UTC');
    expect(fillTemplate('slackInitial', '{nextUpdate} UTC', { ...FACTS, nextUpdateAt: null }, {}, asIs)).toBe(
      'when there is news',
    );
    expect(
      fillTemplate('slackInitial', '{nextUpdate}', { ...FACTS, nextUpdateAt: '2024-10-24T09:00:00.000Z' }, {}, asIs),
    ).toBe('2024-10-24 09:00 UTC');
  });

  it('does not fill what a value looks like, and does not end a sentence in its middle', () => {
    expect(fillTemplate('slackInitial', '{issue}', { ...FACTS, issue: '{fix} {time}' }, {}, asIs)).toBe('{fix} {time}');
    expect(
      fillTemplate('statusIdentified', 'It is {cause} and we act.', { ...FACTS, causeWords: 'a full pool.' }, {}, asIs),
    ).toBe('It is a full pool and we act.');
    expect(fillTemplate('statusIdentified', 'It is {cause}', { ...FACTS, causeWords: 'a full pool.' }, {}, asIs)).toBe(
      'It is a full pool.',
    );
  });

  it('escapes values and never the template', () => {
    expect(
      fillTemplate('slackInitial', '<!here> {title}', { ...FACTS, title: '<b>' }, {}, (text) =>
        text.replace(/</gu, '&lt;'),
      ),
    ).toBe('<!here> &lt;b>');
  });
});
