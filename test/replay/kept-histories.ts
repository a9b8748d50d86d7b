import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';

/** One history that every later version of the workflows must still be able to replay. */
export interface KeptHistory {
  /** Name of the workflow type, as in src/workflows/index.ts. */
  readonly workflow: string;
  readonly about: string;
  readonly sha256: string;
}

/** File name → what is kept in it. */
export type HistoryIndex = Readonly<Record<string, KeptHistory>>;

export interface GateVerdict {
  /** Sentences; the gate is passed when there is none. */
  readonly problems: readonly string[];
  readonly replayed: number;
}

export const INDEX_FILE = 'index.json';

export function readIndex(folder: string): HistoryIndex {
  return JSON.parse(readFileSync(join(folder, INDEX_FILE), 'utf8')) as HistoryIndex;
}

/** The JSON of `historyToJSON`, packed: most of it is payloads in base64. */
export function readHistory(path: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));
}

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The replay gate (ADR 0017): every kept history replays against the bundle, every workflow has at least one, and
 * nothing was edited, dropped, or added past the index.
 */
export async function replayGate(options: {
  readonly folder: string;
  readonly bundlePath: string;
  readonly workflows: readonly string[];
}): Promise<GateVerdict> {
  const { folder, bundlePath, workflows } = options;
  const index = readIndex(folder);
  const problems = [...filesThatDoNotFit(folder, index), ...workflowsWithout(index, workflows)];
  let replayed = 0;
  const kept = Object.keys(index).filter((file) => fits(folder, file, index));
  const histories = kept.map((file) => ({
    workflowId: file,
    history: historyFromJSON(readHistory(join(folder, file))),
  }));
  const replays = Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories);
  for await (const { workflowId, error } of replays) {
    replayed += 1;
    if (error !== undefined) problems.push(`${workflowId} does not replay: ${error.message}`);
  }
  if (replayed === 0) problems.push('Nothing was replayed, so nothing is proved.');
  return { problems, replayed };
}

/** Histories of an earlier index that a later one dropped or changed: since the first release that breaks somebody. */
export function lostSince(released: HistoryIndex, now: HistoryIndex): readonly string[] {
  return Object.entries(released).flatMap(([file, { sha256: digest }]) => {
    const kept = now[file];
    if (kept === undefined) return [`${file} was released and is not kept any more.`];
    return kept.sha256 === digest ? [] : [`${file} was released and has been recorded anew since.`];
  });
}

function filesThatDoNotFit(folder: string, index: HistoryIndex): string[] {
  const present = readdirSync(folder).filter((name) => name !== INDEX_FILE);
  const unlisted = present.filter((name) => !(name in index)).map((name) => `${name} is not in the index.`);
  const changed = Object.keys(index).flatMap((file) => {
    if (!present.includes(file)) return [`${file} is in the index, but the file is gone.`];
    return fits(folder, file, index) ? [] : [`${file} was edited: its digest differs.`];
  });
  return [...unlisted, ...changed];
}

function fits(folder: string, file: string, index: HistoryIndex): boolean {
  return existsSync(join(folder, file)) && sha256(readFileSync(join(folder, file))) === index[file]?.sha256;
}

function workflowsWithout(index: HistoryIndex, workflows: readonly string[]): string[] {
  const kept = new Set(Object.values(index).map(({ workflow }) => workflow));
  return workflows.filter((name) => !kept.has(name)).map((name) => `No history of the workflow ${name} is kept.`);
}
