import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from '../workflows/engine.ts';
import { type HistoryIndex, INDEX_FILE, type KeptHistory, readIndex, sha256 } from './kept-histories.ts';
import { PLAYS, type Play } from './plays.ts';

// Records the histories of the replay gate anew: npx tsx test/replay/record.ts [name…]
// Before 0.2.0 they may be replaced; afterwards they are only added to (see README.md).

const FOLDER = join(import.meta.dirname, 'histories');
/** Of the packed file. */
const MAX_BYTES = 300_000;
/** Small enough that an incident changes runs a few times on its way. */
const SHORT_RUNS = ['limit.historyCount.suggestContinueAsNew=60'];

async function main(names: readonly string[]): Promise<void> {
  const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
  const chosen = PLAYS.filter((play) => names.length === 0 || names.includes(play.name));
  if (chosen.length === 0)
    throw new Error(`There is no such play. There are ${PLAYS.map(({ name }) => name).join(', ')}.`);
  const index: Record<string, KeptHistory> = {};
  const files = new Map<string, Buffer>();
  for (const shortRuns of [false, true]) {
    const plays = chosen.filter((play) => play.shortRuns === shortRuns);
    if (plays.length === 0) continue;
    const engine = await startEngine({ dynamicConfig: shortRuns ? SHORT_RUNS : [] });
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
  files: Map<string, Buffer>,
): Promise<void> {
  const workflowId = await play.run(engine, policy);
  const runs = await runsOf(engine, workflowId);
  for (const [number, packed] of runs.entries()) {
    const file = runs.length === 1 ? `${play.name}.json.gz` : `${play.name}-${number + 1}.json.gz`;
    if (packed.length > MAX_BYTES) throw new Error(`${file} would have ${packed.length} bytes; play less in it.`);
    files.set(file, packed);
    index[file] = { workflow: play.workflow, about: play.about, sha256: sha256(packed) };
    process.stdout.write(`${file}: ${Math.round(packed.length / 1000)} kB\n`);
  }
}

/** The histories of all runs of a workflow, first run first. */
async function runsOf(engine: Engine, workflowId: string): Promise<readonly Buffer[]> {
  const { client, namespace } = engine;
  const answer = await client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
  let runId: string | null | undefined = answer.workflowExecutionInfo?.firstRunId;
  const packed: Buffer[] = [];
  while (runId) {
    const handle: WorkflowHandle = engine.client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    packed.push(gzipSync(JSON.stringify(JSON.parse(historyToJSON(history))), { level: 9 }));
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return packed;
}

function readKept(): HistoryIndex {
  return readdirSync(FOLDER).includes(INDEX_FILE) ? readIndex(FOLDER) : {};
}

function emptied(folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder);
}

function keep(index: Record<string, KeptHistory>, files: Map<string, Buffer>, beside: boolean): void {
  const all = beside ? { ...readKept(), ...index } : index;
  for (const [file, packed] of files) writeFileSync(join(FOLDER, file), packed);
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(join(FOLDER, INDEX_FILE), `${JSON.stringify(sorted, null, 2)}\n`);
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `The histories were not recorded: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  },
);
