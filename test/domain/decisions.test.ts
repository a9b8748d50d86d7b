import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, catalogueText } from '../../scripts/decision-catalogue.ts';
import { decisionsPage } from '../../scripts/decisions-page.ts';
import { timelineSection } from '../../src/console/timeline-section.ts';
import type { Deciding } from '../../src/domain/deciding/declare.ts';
import { DECISION_NAMES, declarationOf } from '../../src/domain/decision.ts';
import { documentTimeline } from '../../src/domain/document-timeline.ts';
import type { IncidentState } from '../../src/domain/incident.ts';
import { readDecisionBody } from '../../src/gateway/decision-schemas.ts';
import { describe as describeEvent } from '../../src/views/timeline-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = 'src/domain/decisions';
const PAGE = 'docs/what-people-decide.md';
const NOW = '2024-10-23T14:50:00.000Z';

describe('the decisions', () => {
  it('are all in the catalogue and in the documentation', async () => {
    const renew = 'It is older than src/domain/decisions. Renew it: npx tsx scripts/decisions.ts';
    const files = await readdir(join(ROOT, FOLDER));
    expect((await readFile(join(ROOT, FOLDER, CATALOGUE), 'utf8')) === catalogueText(files), renew).toBe(true);
    expect((await readFile(join(ROOT, PAGE), 'utf8')) === decisionsPage(), renew).toBe(true);
  });

  it('fit into Slack, are told apart, and have examples that the API takes', () => {
    const words = DECISION_NAMES.flatMap((name) => [name, ...(declarationOf(name).also ?? [])]);
    expect(new Set(words).size).toBe(words.length);
    const orders = DECISION_NAMES.map((name) => declarationOf(name).order);
    expect(new Set(orders).size).toBe(orders.length);
    for (const name of DECISION_NAMES) {
      const { verb, example } = declarationOf(name);
      expect([name, verb.length <= 24]).toEqual([name, true]);
      expect(readDecisionBody(name, example, NOW)).toEqual({ ok: true, body: example });
    }
  });

  it('stand on every timeline by who took them, the order to revert a temporary change too', () => {
    const { facts } = declarationOf('revert-lease').decide({} as IncidentState, { leaseId: 'lease-1' }, {} as Deciding);
    const by = { person: 'jane', roles: [], via: 'slack' } as const;
    const events = facts.map((fact, index) => ({ ...fact, seq: index + 1, at: NOW, by, decisionId: 'd1' }));
    // Console, command line and chat leave out what the post-mortem leaves out: the engine's own steps.
    expect(documentTimeline(events)).toEqual(events);
    expect(events.map((event) => describeEvent(event))).toEqual(['jane takes a temporary change back']);
    expect(timelineSection(events, NOW, true, 'i').text).toContain('jane takes a temporary change back');
  });
});
