import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { endStale } from '../embedded/run-state.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Where the demo keeps what it keeps. */
export interface Places {
  /** Binaries and bundles, shared with tests and drills. */
  readonly cache: string;
  /** Everything that `--fresh` wipes. */
  readonly demo: string;
  /** Says that a demo runs, and which process it is. */
  readonly runFile: string;
  /** Tells the CLI where the demo is (see cli/session.ts). */
  readonly stateFile: string;
  readonly log: (name: string) => string;
  /** Which processes a run started, for the next start to end what a crash left. */
  readonly processFile: (name: string) => string;
  readonly signIn: string;
  readonly documents: string;
  /** Says where the simulated production is told what goes wrong. */
  readonly controlFile: string;
}

/** DEMO_CACHE_DIR moves everything but the shared binaries, so that a test disturbs no demo. */
export function placesOf(env: NodeJS.ProcessEnv): Places {
  const own = resolve(env.DEMO_CACHE_DIR || join(ROOT, '.cache'));
  const demo = join(own, 'demo');
  return {
    cache: join(ROOT, '.cache'),
    demo,
    runFile: join(own, 'demo-run.json'),
    stateFile: join(own, 'demo.json'),
    log: (name) => join(demo, 'logs', `${name}.log`),
    processFile: (name) => join(own, 'demo-processes', `${name}.json`),
    signIn: join(demo, 'sign-in'),
    documents: join(demo, 'documents'),
    controlFile: join(demo, 'control-address'),
  };
}

/** Ends what a crashed run left behind; says which processes that were. */
export async function endLeftovers({ processFile }: Places, say: (line: string) => void): Promise<void> {
  const folder = dirname(processFile('any'));
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const outcome = await endStale(join(folder, name));
    if (outcome.kind === 'ended')
      say(`Ended ${name.replace('.json', '')} of a run that crashed (process ${outcome.pids.join(', ')}).`);
  }
}

/** Everything the demo has kept: incidents, workflows, secrets, documents. */
export function wipe({ demo }: Places): void {
  const elsewhere = readOrNull(dataDirNote(demo));
  // PostgreSQL runs as another user under root and then keeps its data in the temporary folder.
  if (elsewhere?.startsWith(join(tmpdir(), 'postgres-data-'))) rmSync(elsewhere, { recursive: true, force: true });
  rmSync(demo, { recursive: true, force: true });
}

export function noteDataDir(demo: string, dataDir: string): void {
  writeFileSync(dataDirNote(demo), dataDir);
}

/** Readable by its owner alone: it holds tokens. */
export function writePrivately(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600 });
}

export function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function dataDirNote(demo: string): string {
  return join(demo, 'postgres-data-folder');
}
