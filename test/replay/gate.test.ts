import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';
import * as workflows from '../../src/workflows/index.ts';
import { emptyTurnsInARow } from './empty-turns.ts';
import {
  type HistoryIndex,
  INDEX_FILE,
  lostSince,
  readHistory,
  readIndex,
  replayGate,
  sha256,
} from './kept-histories.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const KEPT = join(import.meta.dirname, 'histories');
const REGISTERED = Object.keys(workflows);

let bundlePath: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundlePath = await workflowBundle({ entry: join(ROOT, 'src/workflows/index.ts'), cacheDir: join(ROOT, '.cache') });
});

const copies: string[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true });
});

/** The kept histories with a change of the test's own. */
function copyWith(change: (folder: string, index: Record<string, HistoryIndex[string]>) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'histories-'));
  copies.push(folder);
  cpSync(KEPT, folder, { recursive: true });
  const index = { ...readIndex(folder) };
  change(folder, index);
  writeFileSync(join(folder, INDEX_FILE), JSON.stringify(index));
  return folder;
}

/** Keeps one history only, so that each proof is quick. */
function only(index: Record<string, unknown>, file: string, folder: string): void {
  for (const name of Object.keys(index).filter((one) => one !== file)) {
    delete index[name];
    rmSync(join(folder, name));
  }
}

const gate = (folder: string, registered: readonly string[] = REGISTERED) =>
  replayGate({ folder, bundlePath, workflows: registered });
const A_HISTORY = 'false-alarm.json.gz';

describe('the replay gate', () => {
  it('replays every kept history, and every workflow has one', async () => {
    const verdict = await gate(KEPT);
    expect(verdict.problems).toEqual([]);
    expect(verdict.replayed).toBe(Object.keys(readIndex(KEPT)).length);
    expect(REGISTERED.length).toBeGreaterThan(1);
  }, 120_000);

  it('finds no history in which a turn without a command follows another (docs/decisions/0060)', () => {
    for (const file of Object.keys(readIndex(KEPT))) {
      expect({ file, turns: emptyTurnsInARow(historyFromJSON(readHistory(join(KEPT, file)))) }).toEqual({
        file,
        turns: [],
      });
    }
  });

  it('fails when a history does not fit the workflows (a corrupted copy)', async () => {
    const folder = copyWith((copy, index) => {
      only(index, A_HISTORY, copy);
      const history = readHistory(join(copy, A_HISTORY)) as {
        events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
      };
      const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes !== undefined);
      if (scheduled?.activityTaskScheduledEventAttributes === undefined) throw new Error('no activity in it');
      scheduled.activityTaskScheduledEventAttributes.activityType.name = 'rollBackEverything';
      const packed = gzipSync(JSON.stringify(history));
      writeFileSync(join(copy, A_HISTORY), packed);
      index[A_HISTORY] = { workflow: 'incident', about: 'corrupted', sha256: sha256(packed) };
    });
    const { problems, replayed } = await gate(folder, ['incident']);
    expect(replayed).toBe(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/does not replay: .*rollBackEverything/s);
  });

  it('fails when a workflow has no history', async () => {
    const folder = copyWith((copy, index) => only(index, A_HISTORY, copy));
    const { problems } = await gate(folder, ['incident', 'actionItems', 'somethingNew']);
    expect(problems).toEqual([
      'No history of the workflow actionItems is kept.',
      'No history of the workflow somethingNew is kept.',
    ]);
  });

  it('fails when a history was edited, dropped, or is not in the index', async () => {
    const folder = copyWith((copy, index) => {
      only(index, A_HISTORY, copy);
      appendFileSync(join(copy, A_HISTORY), ' ');
      writeFileSync(join(copy, 'stray.json'), '{}');
      index['dropped.json.gz'] = { workflow: 'incident', about: '', sha256: '' };
    });
    expect((await gate(folder, ['incident'])).problems).toEqual([
      'stray.json is not in the index.',
      `${A_HISTORY} was edited: its digest differs.`,
      'dropped.json.gz is in the index, but the file is gone.',
      'Nothing was replayed, so nothing is proved.',
    ]);
  });

  it('fails when nothing was replayed', async () => {
    const folder = copyWith((copy, index) => only(index, '', copy));
    expect((await gate(folder, [])).problems).toEqual(['Nothing was replayed, so nothing is proved.']);
  });

  it('keeps what an earlier release was able to replay', () => {
    const kept = { workflow: 'incident', about: '', sha256: 'a' };
    expect(lostSince({ 'x.json': kept, 'y.json': kept }, { 'x.json': { ...kept, sha256: 'b' } })).toEqual([
      'x.json was released and has been recorded anew since.',
      'y.json was released and is not kept any more.',
    ]);
    const tag = lastRelease();
    const released = tag === null ? {} : indexAt(tag);
    expect(lostSince(released, readIndex(KEPT))).toEqual([]);
  });
});

/** The newest release tag, or null before the first one (or outside a git work tree). */
function lastRelease(): string | null {
  try {
    const tag = execFileSync('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return tag.toString().trim();
  } catch {
    return null;
  }
}

function indexAt(tag: string): HistoryIndex {
  const path = `${tag}:test/replay/histories/${INDEX_FILE}`;
  return JSON.parse(execFileSync('git', ['show', path], { cwd: ROOT }).toString()) as HistoryIndex;
}
