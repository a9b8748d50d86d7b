import { describe, expect, it } from 'vitest';
import type { EvidenceItem } from '../../src/domain/evidence.ts';
import { lessonsOf, runbookAddition, withAddition } from '../../src/views/runbook-change.ts';
import { event, HOSTILE, HOSTILE_FACTS, RESOLVED } from './facts.ts';
import { PLAN, story } from './story.ts';

const FILE = 'docs/runbooks/TROUBLESHOOTING_DATABASE.md';
const item = (more: Partial<EvidenceItem>): EvidenceItem => ({
  id: 'e1',
  probe: 'database-connections',
  source: 'PostgreSQL',
  collectedAt: RESOLVED.at,
  command: `psql -c "SELECT state, count(*) FROM pg_stat_activity GROUP BY state"`,
  link: null,
  words: '100 of 100 connections are active',
  abnormal: true,
  finding: { probe: 'nodes', nodes: [] },
  excerpt: '',
  digest: null,
  sizeBytes: 0,
  ...more,
});
const evidence = (...items: readonly EvidenceItem[]) =>
  event('14:36', {
    kind: 'evidence-collected',
    bundle: { purpose: 'investigation', collectedAt: RESOLVED.at, items, gaps: [] },
  });
const INTENDED = event('14:49', { kind: 'remedy-intended', plan: PLAN, approvalId: null });
const HELPED = event('14:55', {
  kind: 'remedy-verified',
  key: PLAN.key,
  action: 'restart',
  helped: true,
  words: 'error rate 2%',
});

describe('what an incident adds to a runbook (R6.5)', () => {
  it('tells how it looked, how it was recognised, what helped, what was typed, and where the post-mortem is', () => {
    const timeline = [...story().slice(0, 3), evidence(item({})), INTENDED, HELPED];
    const text = runbookAddition({
      facts: RESOLVED,
      timeline,
      lessons: 'Profile queries before deploying.',
      postMortemUrl: 'https://docs.example.com/postmortems/x',
    });
    expect(text).toBe(ADDITION);
  });

  it('says what did not help, and leaves out what nobody knows', () => {
    const useless = event('14:55', {
      kind: 'remedy-verified',
      key: 'k',
      action: 'scale',
      helped: false,
      words: 'error rate 44%',
    });
    const facts = { ...RESOLVED, cause: null };
    const text = runbookAddition({ facts, timeline: [useless], lessons: null, postMortemUrl: null });
    expect(text).toContain('**What did not help**\n\n- scale: error rate 44%');
    expect(text).not.toMatch(/What helped|How it was recognised|Commands|What the team learned|Post-mortem/u);
  });

  it('lets hostile words end no fence and make no heading, link or HTML', () => {
    const timeline = [
      evidence(item({ words: `${HOSTILE}\n## Forged`, command: 'echo ```\n```` # and on' })),
      event('14:40', { kind: 'alert-received', alert: { ...hostileAlert(), summary: HOSTILE }, repeats: 0 }),
    ];
    const text = runbookAddition({ facts: HOSTILE_FACTS, timeline, lessons: null, postMortemUrl: 'javascript:x' });
    expect(text.match(/^#+ .*$/gmu)).toHaveLength(1);
    expect(text).not.toMatch(/<(script|!channel|https)/u);
    expect(text).not.toMatch(/(?<!\\)\]\(javascript|Post-mortem/u);
    expect(text).toMatch(/^`{5}bash\necho ```\n```` # and on\n`{5}$/mu);
  });
});

function hostileAlert() {
  const received = story().find((one) => one.kind === 'alert-received');
  if (received?.kind !== 'alert-received') throw new Error('the story has no alert');
  return received.alert;
}

describe('the runbook with an addition', () => {
  const OLD = '# Troubleshooting the database\n\n## Pool exhausted\n\nLook.\n';
  const add = (runbook: string | null, incidentId: string, addition: string) =>
    withAddition(runbook, { file: FILE, incidentId, addition });

  it('keeps every byte of what was there, newest addition first', () => {
    const once = add(OLD, 'incident-1', '### One\n');
    expect(once.startsWith(OLD.trimEnd())).toBe(true);
    const twice = add(once, 'incident-2', '### Two\n');
    expect(twice.match(/^## Learned from incidents$/gmu)).toHaveLength(1);
    expect(twice.indexOf('### Two')).toBeLessThan(twice.indexOf('### One'));
  });

  it('replaces what the same incident added before, and adds nothing twice', () => {
    const once = add(OLD, 'incident-1', '### One\n');
    const after = `${once}\n## Later section\n`;
    expect(add(after, 'incident-1', '### One\n')).toBe(after);
    const changed = add(after, 'incident-1', '### One, better\n');
    expect(changed).toBe(after.replace('### One', '### One, better'));
  });

  it('begins a runbook with its own name', () => {
    expect(add(null, 'incident-1', '### One\n')).toBe(
      '# Troubleshooting database\n\n## Learned from incidents\n\n<!-- incident-runbook incident-1 begin -->\n### One\n<!-- incident-runbook incident-1 end -->\n',
    );
  });
});

describe('lessons', () => {
  it('are people’s words of that part of the post-mortem, and nothing when it is untouched', () => {
    const document = (lessons: string) =>
      `# P\n\n## Action Items\n\n| a |\n\n## Lessons Learned\n\n${lessons}\n\n<!-- incident-runbook i ${'0'.repeat(64)} -->\n`;
    expect(
      lessonsOf(document('_For people to write: what the team learned; the points above are a start._')),
    ).toBeNull();
    expect(lessonsOf(document('1. Profile queries.\n2. Watch the pool.'))).toBe(
      '1. Profile queries.\n2. Watch the pool.',
    );
    expect(lessonsOf('# No such part\n')).toBeNull();
    expect(lessonsOf('## Lessons Learned\n\nOne.\n\n## Appendix\n\nx\n')).toBe('One.');
  });
});

const ADDITION = `### 2024-10-23: API High Error Rate

P1, API. [Post-mortem](https://docs.example.com/postmortems/x)

**How it looked**

- Alert HighErrorRate: API Error Rate >10%
- 100 of 100 connections are active

**How it was recognised**

Cause: Database connection pool exhaustion due to long-running queries

- 100 of 100 connections are active

**What helped**

- restart of noa-mcp: error rate 2%

**Commands and queries**

\`\`\`bash
psql -c "SELECT state, count(*) FROM pg_stat_activity GROUP BY state"
kubectl rollout restart deployment/noa-mcp
\`\`\`

**What the team learned**

Profile queries before deploying.
`;
