import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { waitUntilFree } from './ports.ts';
import { descendants, sendSignal } from './process-table.ts';
import { endStaleOrRefuse, known, removeRunState, writeRunState } from './run-state.ts';

export type Log = (line: string) => void;

export interface ProcessSpec {
  /** Shown before its lines and in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Its output, as it came, is appended here. */
  readonly logFile?: string | null;
  /** Gets each line of its output as `[name] line`. */
  readonly log?: Log;
  /** Null or absent: ready as soon as it was started. */
  readonly readyWhen?: Readiness | null;
  readonly readyTimeoutMs?: number;
  readonly runAs?: { readonly uid: number; readonly gid: number } | null;
  /** Ports of 127.0.0.1 it will listen on: the start fails when one of them is in use. */
  readonly listensOn?: readonly number[];
  /** Sent in turn on stop, `stopGraceMs` apart; SIGKILL follows the last. */
  readonly stopSignals?: readonly NodeJS.Signals[];
  readonly stopGraceMs?: number;
  /** Where to note its pid, by which the next start ends it when this run crashes together with its leash. */
  readonly stateFile?: string | null;
}

export type Readiness =
  /** Answers this URL with a 2xx status. */
  | { readonly kind: 'http'; readonly url: string }
  /** Prints a line that matches. */
  | { readonly kind: 'line'; readonly pattern: RegExp }
  /** The function resolves true; false or a rejection means not yet. */
  | { readonly kind: 'probe'; readonly probe: () => Promise<boolean> };

export interface ExitNotice {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when stop() or kill() asked for it. */
  readonly asked: boolean;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<ExitNotice>;
  hasExited(): boolean;
  /** The last lines of output, oldest first. */
  lastLines(): readonly string[];
  /** Ends it politely, then by force; resolves when it has ended. */
  stop(): Promise<ExitNotice>;
  /** SIGKILL to it and all it has started; resolves when it has ended. */
  kill(): Promise<ExitNotice>;
  /** SIGSTOP to it and all it has started. */
  pause(): void;
  /** SIGCONT to the same. */
  resume(): void;
}

const LEASH = fileURLToPath(new URL('./leash.mjs', import.meta.url));
const LINES_KEPT = 60;
const PROBE_EVERY_MS = 40;
const HTTP_PROBE_TIMEOUT_MS = 1_000;
/** How long output may still arrive after the process has ended. */
const OUTPUT_DRAIN_MS = 500;

/**
 * Starts a program on a leash: it ends when this process ends, in whatever way. Resolves when it is ready.
 * Throws a sentence with its last lines when it cannot be started, ends before it is ready, or is not ready in time;
 * then nothing is left running.
 */
export async function spawnProcess(spec: ProcessSpec): Promise<RunningProcess> {
  if (spec.stateFile) await endStaleOrRefuse(spec.stateFile, spec.log);
  for (const port of spec.listensOn ?? []) await waitUntilFree(port, spec.name);
  const leash = spawnLeash(spec);
  const output = new Output(spec, leash);
  const { pid, running } = await new Promise<{ pid: number; running: RunningProcess }>((started, failed) => {
    watchNotices(spec, leash, output, started, failed);
  });
  noteState(spec, pid, leash.pid);
  await becomeReady(spec, running, output);
  return running;
}

function spawnLeash(spec: ProcessSpec): ChildProcess {
  const { NODE_OPTIONS: nodeOptions, ...env } = { ...process.env, ...spec.env };
  const leashed = {
    command: spec.command,
    args: spec.args,
    cwd: spec.cwd ?? null,
    uid: spec.runAs?.uid ?? null,
    gid: spec.runAs?.gid ?? null,
    stopSignals: spec.stopSignals ?? ['SIGTERM'],
    graceMs: spec.stopGraceMs ?? 5_000,
  };
  return spawn(process.execPath, [LEASH, JSON.stringify(leashed)], {
    env: nodeOptions ? { ...env, LEASH_NODE_OPTIONS: nodeOptions } : env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

interface Notice {
  readonly pid?: number;
  readonly error?: string;
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

function watchNotices(
  spec: ProcessSpec,
  leash: ChildProcess,
  output: Output,
  started: (value: { pid: number; running: RunningProcess }) => void,
  failed: (error: Error) => void,
): void {
  let pid: number | null = null;
  let asked = false;
  let ended = false;
  let last: Notice = {};
  let settle: (notice: ExitNotice) => void = () => {};
  const exited = new Promise<ExitNotice>((done) => {
    settle = done;
  });

  const tree = (): number[] => (pid === null || ended ? [] : [...descendants(pid), pid]);
  const running = (childPid: number): RunningProcess => ({
    name: spec.name,
    pid: childPid,
    exited,
    hasExited: () => ended,
    lastLines: () => output.lines,
    stop: () => {
      asked = true;
      if (!ended) leash.kill('SIGTERM');
      return exited;
    },
    kill: () => {
      asked = true;
      for (const one of tree().reverse()) sendSignal(one, 'SIGKILL');
      return exited;
    },
    pause: () => {
      for (const one of tree().reverse()) sendSignal(one, 'SIGSTOP');
    },
    resume: () => {
      for (const one of tree()) sendSignal(one, 'SIGCONT');
    },
  });

  const hear = (line: string): void => {
    const notice = JSON.parse(line) as Notice;
    if (notice.pid !== undefined) {
      pid = notice.pid;
      started({ pid, running: running(pid) });
    } else if (notice.error !== undefined) {
      failed(new Error(`${spec.name} could not be started (${spec.command}): ${notice.error}`));
    } else {
      last = notice;
      ended = true;
    }
  };
  const noticesEnded = new Promise<void>((done) => {
    createInterface({ input: leash.stdio[3] as Readable })
      .on('line', hear)
      .on('close', done);
  });
  leash.stdin?.on('error', () => {}); // the leash has ended; its exit is heard below
  leash.on('error', (error) => failed(new Error(`${spec.name} could not be started: ${error.message}`)));
  const finish = async (): Promise<void> => {
    await noticesEnded;
    // A leash that was itself killed leaves the program to us.
    if (!ended) for (const one of tree().reverse()) sendSignal(one, 'SIGKILL');
    ended = true;
    await output.drained(OUTPUT_DRAIN_MS);
    if (spec.stateFile) removeRunState(spec.stateFile);
    settle({ code: last.code ?? null, signal: last.signal ?? null, asked });
    failed(new Error(`${spec.name} ended before it was started.`));
  };
  leash.on('exit', () => void finish());
}

function noteState(spec: ProcessSpec, pid: number, leashPid: number | undefined): void {
  const owner = known(process.pid);
  if (!spec.stateFile || owner === null) return;
  const processes = [pid, leashPid].flatMap((one) => (one === undefined ? [] : (known(one) ?? [])));
  if (processes.length === 0) return;
  writeRunState(spec.stateFile, {
    name: spec.name,
    command: spec.command,
    owner,
    processes,
    stopSignal: spec.stopSignals?.[0] ?? 'SIGTERM',
  });
}

async function becomeReady(spec: ProcessSpec, running: RunningProcess, output: Output): Promise<void> {
  const readyWhen = spec.readyWhen;
  if (!readyWhen) return;
  const timeoutMs = spec.readyTimeoutMs ?? 30_000;
  const startedAtMs = performance.now();
  while (!(await isReady(readyWhen, output))) {
    const waitedMs = performance.now() - startedAtMs;
    if (running.hasExited()) {
      const { code, signal } = await running.exited;
      throw new Error(
        `${spec.name} ended before it was ready (${signal ?? `exit code ${code}`}).${closing(spec, output)}`,
      );
    }
    if (waitedMs > timeoutMs) {
      await running.kill();
      throw new Error(`${spec.name} was not ready after ${timeoutMs / 1000} s and was ended.${closing(spec, output)}`);
    }
    await new Promise((done) => setTimeout(done, PROBE_EVERY_MS));
  }
  output.stopWatching();
}

async function isReady(readyWhen: Readiness, output: Output): Promise<boolean> {
  switch (readyWhen.kind) {
    case 'line':
      return output.saw(readyWhen.pattern);
    case 'probe':
      return readyWhen.probe().catch(() => false);
    case 'http':
      return fetch(readyWhen.url, { signal: AbortSignal.timeout(HTTP_PROBE_TIMEOUT_MS) })
        .then(async (response) => {
          await response.arrayBuffer();
          return response.ok;
        })
        .catch(() => false);
  }
}

function closing(spec: ProcessSpec, output: Output): string {
  const where = spec.logFile ? ` The whole log is in ${resolve(spec.logFile)}.` : '';
  const lines = output.lines.slice(-12);
  return lines.length === 0 ? ` It printed nothing.${where}` : `${where} Its last lines:\n  ${lines.join('\n  ')}`;
}

/** The output of one process: kept in part, shown with a prefix, appended to the log file as it came. */
class Output {
  readonly lines: string[] = [];
  /** Lines not yet compared with the pattern that means ready. */
  private unread: string[] = [];
  private watching: boolean;
  private readonly closed: Promise<unknown>;

  constructor(spec: ProcessSpec, leash: ChildProcess) {
    if (spec.logFile) mkdirSync(dirname(resolve(spec.logFile)), { recursive: true });
    const file = spec.logFile ? createWriteStream(spec.logFile, { flags: 'a' }) : null;
    file?.on('error', () => {}); // a full disk must not end the run; the lines are still shown and kept
    this.watching = spec.readyWhen?.kind === 'line';
    const take = (line: string): void => {
      this.lines.push(line);
      if (this.lines.length > LINES_KEPT) this.lines.shift();
      if (this.watching) this.unread.push(line);
      file?.write(`${line}\n`);
      spec.log?.(`[${spec.name}] ${line}`);
    };
    const streams = [leash.stdout, leash.stderr].filter((stream) => stream !== null);
    this.closed = Promise.all(
      streams.map(
        (stream) => new Promise<void>((done) => createInterface({ input: stream }).on('line', take).on('close', done)),
      ),
    ).then(() => new Promise<void>((done) => (file ? file.end(() => done()) : done())));
  }

  saw(pattern: RegExp): boolean {
    const lines = this.unread;
    this.unread = [];
    return lines.some((line) => pattern.test(line));
  }

  stopWatching(): void {
    this.watching = false;
    this.unread = [];
  }

  async drained(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, timeoutMs);
    });
    await Promise.race([this.closed, late]);
    clearTimeout(timer);
  }
}
