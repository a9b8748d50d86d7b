import { describe, expect, it } from 'vitest';
import { mergePostMortem, openPlaces } from '../../src/views/post-mortem-merge.ts';

const BASE =
  '# Post-Mortem\n\n**Severity**: P1\n\n## Summary\n\nIt broke.\n\n## Timeline (UTC)\n\n- 14:30 - alert\n\n## Lessons Learned\n\n_For people to write: what the team learned._\n';
const FRESH = BASE.replace('**Severity**: P1', '**Severity**: P0').replace(
  '- 14:30 - alert',
  '- 14:30 - alert\n- 16:00 - it came back',
);

describe('people’s words and the machine’s newer facts (R6.3)', () => {
  it('replace what nobody touched, and keep every word that people wrote', () => {
    const edited = BASE.replace('_For people to write: what the team learned._', 'Profile queries first.');
    const merged = mergePostMortem({ base: BASE, edited, fresh: FRESH });
    expect(merged).toContain('**Severity**: P0');
    expect(merged).toContain('- 16:00 - it came back');
    expect(merged).toContain('Profile queries first.');
    expect(merged).not.toContain('New since');
  });

  it('quote facts below a section that people have rewritten', () => {
    const edited = BASE.replace('- 14:30 - alert', '- 14:30 - the alert that woke Jane');
    const merged = mergePostMortem({ base: BASE, edited, fresh: FRESH });
    expect(merged).toContain('- 14:30 - the alert that woke Jane');
    expect(merged).toMatch(/> New since this was edited:\n>\n> - 16:00 - it came back/);
    expect(merged.match(/it came back/g)).toHaveLength(1);
  });

  it('leave out what people took out, keep what they added, and know headings in code for code', () => {
    const edited = `${BASE.replace(/## Summary\n\nIt broke\.\n\n/, '')}\n## Our own\n\n\`\`\`sh\n## not a heading\n\`\`\`\n`;
    const merged = mergePostMortem({ base: BASE, edited, fresh: FRESH });
    expect(merged).not.toContain('It broke.');
    expect(merged).toContain('## Our own\n\n```sh\n## not a heading\n```');
  });

  it('change nothing when the machine has nothing new', () => {
    const edited = BASE.replace('It broke.', 'It broke, and we know why.');
    expect(mergePostMortem({ base: BASE, edited, fresh: BASE })).toBe(edited);
  });

  it('count the places that wait for words', () => {
    expect(openPlaces(BASE)).toEqual(['what the team learned']);
  });
});
