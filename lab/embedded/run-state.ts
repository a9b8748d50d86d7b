import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { descendants, sendSignal, startIdentity, waitForEnd } from './process-table.ts';

/**
 * State files say which processes a run started, so that the next start can end what a crashed run left behind.
 * A pid alone proves nothing (the system reuses them): each comes with the identity it had when it was written down,
 * and only a process that still has that identity is ever signalled.
 */
export interface RunState {
  readonly name: string;
  readonly command: string;
  readonly owner: KnownProcess;
  readonly processes: readonly KnownProcess[];
  /** The signal that asks these processes to end. */
  readonly stopSignal: NodeJS.Signals;
}

export interface KnownProcess {
  readonly pid: number;
  readonly identity: string;
}

export type StaleOutcome =
  | { readonly kind: 'none' }
  /** The run that wrote the file is still alive: nothing was touched. */
  | { readonly kind: 'running'; readonly ownerPid: number; readonly name: string }
  | { readonly kind: 'ended'; readonly pids: readonly number[] };

export function known(pid: number): KnownProcess | null {
  const identity = startIdentity(pid);
  return identity === null ? null : { pid, identity };
}

/** Written beside and renamed, so that a reader never sees half a file. */
export function writeRunState(file: string, state: RunState): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, file);
}

export function removeRunState(file: string): void {
  rmSync(file, { force: true });
}

/**
 * Ends what a crashed run of this state file left behind: asks with its stop signal, and kills after `graceMs`.
 * A file of a run that still lives is left alone; an unreadable one is removed.
 */
export async function endStale(file: string, graceMs = 5_000): Promise<StaleOutcome> {
  const state = readRunState(file);
  if (state === null) {
    removeRunState(file);
    return { kind: 'none' };
  }
  const left = state.processes.filter(isStill);
  // A file of our own whose process has ended is merely old; another owner may be about to start something.
  if (isStill(state.owner) && (state.owner.pid !== process.pid || left.length > 0)) {
    return { kind: 'running', ownerPid: state.owner.pid, name: state.name };
  }
  const tree = left.flatMap(({ pid }) => [...descendants(pid), pid]).flatMap((pid) => known(pid) ?? []);
  for (const { pid } of left) {
    sendSignal(pid, state.stopSignal);
    sendSignal(pid, 'SIGCONT');
  }
  for (const one of tree) {
    if (isStill(one) && !(await waitForEnd(one.pid, graceMs)) && isStill(one)) {
      sendSignal(one.pid, 'SIGKILL');
      await waitForEnd(one.pid, graceMs);
    }
  }
  removeRunState(file);
  return left.length === 0 ? { kind: 'none' } : { kind: 'ended', pids: left.map(({ pid }) => pid) };
}

/** Ends what a crashed run left behind, and says so; throws a sentence when the run of this file still lives. */
export async function endStaleOrRefuse(file: string, log: (line: string) => void = () => {}): Promise<void> {
  const outcome = await endStale(file);
  if (outcome.kind === 'running') {
    throw new Error(
      `${outcome.name} is already running for process ${outcome.ownerPid} (noted in ${file}). Use that run, or end it first (kill ${outcome.ownerPid}).`,
    );
  }
  if (outcome.kind === 'ended') {
    log(`Ended what a crashed run had left behind (process ${outcome.pids.join(', ')}).`);
  }
}

/**
 * One run at a time: writes the calling process into the state file, or throws a sentence that names the run that
 * already lives. The returned function gives the claim back.
 */
export async function claimRun(file: string, name: string): Promise<() => void> {
  const outcome = await endStale(file);
  if (outcome.kind === 'running') {
    throw new Error(
      `${name} is already running here as process ${outcome.ownerPid}. Use that one, or end it first (kill ${outcome.ownerPid}).`,
    );
  }
  const owner = known(process.pid);
  if (owner === null) throw new Error('The start time of this process could not be read from the process table.');
  writeRunState(file, { name, command: process.argv.join(' '), owner, processes: [], stopSignal: 'SIGTERM' });
  return () => removeRunState(file);
}

function isStill({ pid, identity }: KnownProcess): boolean {
  return startIdentity(pid) === identity;
}

function readRunState(file: string): RunState | null {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunState> | null;
    if (!value || !isKnownProcess(value.owner) || !Array.isArray(value.processes)) return null;
    return {
      name: String(value.name),
      command: String(value.command),
      owner: value.owner,
      processes: value.processes.filter(isKnownProcess),
      stopSignal: value.stopSignal === 'SIGINT' ? 'SIGINT' : 'SIGTERM',
    };
  } catch {
    return null;
  }
}

function isKnownProcess(value: unknown): value is KnownProcess {
  const candidate = value as Partial<KnownProcess> | null | undefined;
  return Number.isInteger(candidate?.pid) && typeof candidate?.identity === 'string';
}
