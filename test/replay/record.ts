import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from '../workflows/engine.ts';
import { INDEX_FILE, type KeptHistory, sha256 } from './kept-histories.ts';
import { type Play, PLAYS } from './plays.ts';

// Records the histories of the replay gate anew: npx tsx test/replay/record.ts [name…]
// Before the first release they may be replaced; afterwards they are only added to (see README.md).

const FOLDER = join(import.meta.dirname, 'histories');
const MAX_BYTES = 300_000;
/** Small enough that an incident changes runs a few times on its way. */
const SHORT_RUNS = ['limit.historyCount.suggestContinueAsNew=60'];

async function main(names: readonly string[]): Promise<void> {
  const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
  const chosen = PLAYS.filter((play) => names.length === 0 || names.includes(play.name));
  if (chosen.length === 0) throw new Error(`There is no such play. There are ${PLAYS.map(({ name }) => name).join(', ')}.`);
  const index: Record<string, KeptHistory> = {};
  const files = new Map<string, string>();
  for (const shortRuns of [false, true]) {
    const plays = chosen.filter((play) => play.shortRuns === shortRuns);
    if (plays.length === 0) continue;
    const engine = await startEngine(shortRuns ? { dynamicConfig: SHORT_RUNS } : {});
    try {
      for (const play of plays) await record(engine, policy, play, index, files);
    } finally {
      await engine.stop();
    }
  }
  if (names.length === 0) for (const name of emptied(FOLDER)) rmSync(join(FOLDER, name));
  keep(index, files, names.length > 0);
}

async function record(
  engine: Engine,
  policy: Policy,
  play: Play,
  index: Record<string, KeptHistory>,
  files: Map<string, string>,
): Promise<void> {
  const workflowId = await play.run(engine, policy);
  const runs = await runsOf(engine, workflowId);
  for (const [number, text] of runs.entries()) {
    const file = runs.length === 1 ? `${play.name}.json` : `${play.name}-${number + 1}.json`;
    if (text.length > MAX_BYTES) throw new Error(`${file} would have ${text.length} bytes; play less in it.`);
    files.set(file, text);
    index[file] = { workflow: play.workflow, about: play.about, sha256: sha256(text) };
    process.stdout.write(`${file}: ${Math.round(text.length / 1000)} kB\n`);
  }
}

/** The histories of all runs of a workflow, first run first. */
async function runsOf(engine: Engine, workflowId: string): Promise<readonly string[]> {
  const { workflowService } = engine.client.connection;
  const answer = await workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } });
  let runId: string | null | undefined = answer.workflowExecutionInfo?.firstRunId;
  const texts: string[] = [];
  while (runId) {
    const handle: WorkflowHandle = engine.client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    texts.push(`${JSON.stringify(JSON.parse(historyToJSON(history)))}\n`);
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return texts;
}

function emptied(folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder);
}

function keep(index: Record<string, KeptHistory>, files: Map<string, string>, beside: boolean): void {
  const all = beside ? { ...readKept(), ...index } : index;
  for (const [file, text] of files) writeFileSync(join(FOLDER, file), text);
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(join(FOLDER, INDEX_FILE), `${JSON.stringify(sorted, null, 2)}\n`);
}
