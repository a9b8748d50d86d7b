import { describe, expect, it } from 'vitest';
import { statusPost } from '../../src/views/status-page.ts';
import { FACTS, HOSTILE_FACTS, hiddenCharacters, RESOLVED, TEMPLATES } from './facts.ts';

describe('statusPost', () => {
  it('speaks the policy text of each state', () => {
    expect(statusPost('identified', FACTS, null, TEMPLATES)).toEqual({
      title: 'API High Error Rate',
      status: 'identified',
      body: 'We have identified the issue as Database connection pool exhaustion due to long-running queries and are working on a resolution.',
      impact: 'major',
      components: [{ id: 'cmp-api', status: 'partial_outage' }],
    });
    expect(statusPost('no-news', FACTS, null, TEMPLATES)).toMatchObject({
      status: 'identified',
      body: 'We are continuing to work on the issue affecting the API. Next update by 15:05 UTC.',
    });
    expect(statusPost('resolved', RESOLVED, null, TEMPLATES).components).toEqual([
      { id: 'cmp-api', status: 'operational' },
    ]);
    expect(statusPost('investigating', { ...FACTS, severity: 'P0' }, null, TEMPLATES)).toMatchObject({
      impact: 'critical',
      components: [{ status: 'major_outage' }],
    });
  });

  it('publishes exactly the text a person approved', () => {
    expect(statusPost('monitoring', FACTS, 'We watch {fix}.', TEMPLATES).body).toBe('We watch {fix}.');
  });

  it('is bounded and clean for hostile facts', () => {
    const post = statusPost('identified', HOSTILE_FACTS, null, TEMPLATES);
    expect(post.title.length).toBeLessThanOrEqual(120);
    expect(post.body.length).toBeLessThanOrEqual(3000);
    expect(hiddenCharacters(post.body, 'hidden')).toEqual([]);
  });
});
