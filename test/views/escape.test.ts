import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chatLink,
  chatText,
  cleanLine,
  cleanLines,
  clip,
  clipBytes,
  clipEscaped,
  html,
  markdown,
  webAddress,
} from '../../src/views/escape.ts';
import { HOSTILE, hiddenCharacters } from './facts.ts';

describe('cleaning', () => {
  it('removes what people cannot see and cannot start a line of its own', () => {
    expect(cleanLine(HOSTILE)).toBe(
      'x <!channel> <!here> <@U123> <https://evil.example|Click> [a](javascript:alert(1)) <script>alert("1")</script> & `rm -rf` |*_~# [RESOLVED - 15:00 UTC] all is wellgnp.exe zero\ufffd {{ fix }} {% if %} end',
    );
    expect(cleanLines('a\r\nb\n\n\n\nc\u202e', 100)).toBe('a\nb\n\nc');
  });

  it('is bounded, well-formed and single-lined for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 2, max: 100 }), (text, limit) => {
        const line = cleanLine(text, limit);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(hiddenCharacters(line, 'hidden')).toEqual([]);
        expect(cleanLine(line, limit)).toBe(line);
      }),
    );
  });

  it('cuts between characters', () => {
    expect(clip('abc😀def', 5)).toBe('abc…');
    expect(new TextEncoder().encode(clipBytes('é'.repeat(1000), 1024)).length).toBeLessThanOrEqual(1024);
    expect(clipBytes('short', 1024)).toBe('short');
    expect(clipEscaped('ab&lt;cdef', 6)).toBe('ab…');
  });
});

describe('escaping', () => {
  it('is that of the medium', () => {
    expect(chatText('<!channel> & co')).toBe('&lt;!channel&gt; &amp; co');
    expect(html(`<a href="x" onclick='y'>&`)).toBe('&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;');
    expect(markdown('# [a](b) <i> | *x* `c`')).toBe('\\# \\[a\\](b) &lt;i> \\| \\*x\\* \\`c\\`');
    expect(markdown('> no quote')).toBe('\\> no quote');
    expect(markdown('1. no list')).toBe('\\1. no list');
  });

  it('links only where a person may be sent', () => {
    expect(webAddress('javascript:alert(1)')).toBeNull();
    expect(webAddress('https://')).toBeNull();
    expect(chatLink('a|b>', 'https://a.example/x?y=1|2')).toBe('<https://a.example/x?y=1%7C2|a/b&gt;>');
    expect(chatLink('t', 'data:text/html,x')).toBe('t');
  });
});
