import { describe, expect, it } from 'vitest';
import { messageTemplatesFor, templatesOf } from '../../src/domain/message-templates.ts';
import { isPreviewName, PREVIEW_NAMES, preview } from '../../src/views/preview.ts';
import { COMMUNICATION, FACTS, HOSTILE, HOSTILE_FACTS, hiddenCharacters, TEMPLATES } from './facts.ts';

const GROUPS = ['oncall-engineers'];

/** What Slack shows; ids and values of buttons travel as JSON and are never rendered. */
const withoutValues = (key: string, value: unknown) => (key === 'value' || key === 'block_id' ? undefined : value);

describe('preview', () => {
  it('shows every message as its view renders it', () => {
    expect(preview('update', FACTS, TEMPLATES, null, GROUPS).text).toContain('[UPDATE - 14:50 UTC]');
    expect(preview('status-identified', FACTS, TEMPLATES, null, GROUPS)).toMatchObject({
      medium: 'status-page',
      subject: 'API High Error Rate',
      fields: { status: 'identified', impact: 'major' },
    });
    expect(preview('mail-escalation', FACTS, TEMPLATES, 'Still open.', GROUPS).text).toMatch(/^Still open\./u);
    expect(preview('page', FACTS, TEMPLATES, null, GROUPS).text).toBe(
      '[P1] API High Error Rate (API) [incident-20241023-1430]',
    );
    expect(isPreviewName('everything')).toBe(false);
  });

  it.each(PREVIEW_NAMES)('lets no stranger mention, link, hide or forge anything in %s', (name) => {
    const shown = preview(name, HOSTILE_FACTS, TEMPLATES, HOSTILE.repeat(50), GROUPS);
    expect(hiddenCharacters(`${shown.subject ?? ''}${shown.text}`)).toEqual([]);
    expect(shown.text.length).toBeLessThan(20_000);
    if (shown.medium === 'chat')
      expect(JSON.stringify(shown.blocks, withoutValues)).not.toMatch(/<(!channel|!here|@U123|https:\/\/evil)/u);
    if (shown.html !== null) expect(shown.html).not.toMatch(/<(script|a|img)\b/iu);
    if (shown.subject !== null) expect(shown.subject).not.toMatch(/[\r\n]/u);
  });
});

describe('the voice of a round', () => {
  it('has the texts of its messages and no others', () => {
    const texts = messageTemplatesFor(COMMUNICATION, [
      { medium: 'chat', what: 'update' },
      { medium: 'mail', what: 'opened' },
    ]);
    expect(Object.keys(texts.templates)).toEqual(['chatUpdate', 'incidentMailSubject', 'incidentMail']);
    expect(texts.statusPageComponents).toEqual([]);
  });

  it.each(PREVIEW_NAMES)('is enough to say %s', (name) => {
    const [medium, what] =
      name === 'page'
        ? (['page', 'trigger'] as const)
        : name.startsWith('status-')
          ? (['status-page', name.slice(7)] as const)
          : name.startsWith('mail-')
            ? (['mail', name.slice(5)] as const)
            : (['chat', name] as const);
    const texts = messageTemplatesFor(COMMUNICATION, [{ medium, what }]);
    expect(preview(name, FACTS, { ...TEMPLATES, texts }, null, GROUPS).text).not.toBe('');
    expect(templatesOf(medium, what).length).toBe(Object.keys(texts.templates).length);
  });
});
