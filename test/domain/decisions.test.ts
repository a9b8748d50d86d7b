import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, catalogueText } from '../../scripts/decision-catalogue.ts';
import { decisionsPage } from '../../scripts/decisions-page.ts';
import { DECISION_NAMES, declarationOf } from '../../src/domain/decision.ts';
import { readDecisionBody } from '../../src/gateway/decision-schemas.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = 'src/domain/decisions';
const PAGE = 'docs/what-people-decide.md';

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
      expect(readDecisionBody(name, example, '2024-10-23T14:50:00.000Z')).toEqual({ ok: true, body: example });
    }
  });
});
