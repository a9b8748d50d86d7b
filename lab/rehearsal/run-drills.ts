import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { endIdleDatabases } from '../simulation/systems/postgres/template.ts';
import { type Drill, DrillError } from './drill.ts';
import { readDrill } from './drill-file.ts';
import { buildDrillPolicy } from './drill-policy.ts';
import { needsOwnGround, openGround, type SharedGround } from './ground.ts';
import { type DrillReport, type Judged, judge } from './judge.ts';
import { playDrill } from './play-drill.ts';
import { reportText, summaryText } from './report.ts';

export interface RunOptions {
  /** Plays by the wall clock; one wall second is `speed` incident seconds. */
  readonly realTime?: boolean;
  readonly speed?: number;
  /** Prints the report as JSON, and nothing else, on stdout. */
  readonly json?: boolean;
  /** Drills at once; as many as there are cores when left out. */
  readonly parallel?: number;
  /** Where the last report of each drill is kept; nowhere when left out. */
  readonly reportsFolder?: string;
  readonly stdout?: (text: string) => void;
  readonly stderr?: (text: string) => void;
}

/** 0: all passed · 1: one failed · 2: a file cannot be played. */
export interface RunResult {
  readonly exitCode: 0 | 1 | 2;
}

interface Run {
  readonly options: Required<Pick<RunOptions, 'realTime' | 'speed' | 'json'>>;
  readonly shared: () => Promise<SharedGround>;
  readonly say: (line: string) => void;
  readonly stopped: () => boolean;
}

const INTERRUPTED = 130;

/**
 * Plays drill files (a folder stands for the drills in it) and prints how they went. Everything that was started is
 * stopped when it returns, and when the run is interrupted.
 */
export async function runDrills(paths: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { realTime = false, speed = 1, json = false } = options;
  const stdout = options.stdout ?? ((text: string) => void process.stdout.write(text));
  const stderr = options.stderr ?? ((text: string) => void process.stderr.write(text));
  const read = await readAll(paths);
  if (read.problems.length > 0) {
    stderr(`${read.problems.join('\n')}\n`);
    return { exitCode: 2 };
  }
  const startedAt = performance.now();
  let interrupted = false;
  let ground: Promise<SharedGround> | null = null;
  const say = (line: string): void => stderr(`${line}\n`);
  const wanted = { realTime, speed, durable: false, log: say };
  const shared = () => {
    ground ??= openGround(wanted);
    return ground;
  };
  const onSignal = (): void => {
    if (interrupted) process.exit(INTERRUPTED);
    interrupted = true;
    say('Stopping; what was started is being ended. Interrupt again to leave at once.');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    const run: Run = { options: { realTime, speed, json }, shared, say, stopped: () => interrupted };
    const colours =
      !json && options.stdout === undefined && process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
    const show = (judged: Judged): void => {
      if (options.reportsFolder !== undefined) keepReport(options.reportsFolder, judged.report);
      stdout(json ? '' : `${reportText(judged, { colours })}\n`);
    };
    if (options.reportsFolder !== undefined) mkdirSync(options.reportsFolder, { recursive: true });
    const reports = await playAll(read.drills, options.parallel ?? availableParallelism(), run, show);
    const failed = reports.filter(({ passed }) => !passed).length;
    const passed = reports.length - failed;
    if (json) stdout(`${JSON.stringify({ drills: reports, passed, failed }, null, 2)}\n`);
    else stdout(summaryText(passed, failed, (performance.now() - startedAt) / 1000, { colours }));
    return { exitCode: failed === 0 && !interrupted ? 0 : 1 };
  } catch (error) {
    if (!(error instanceof DrillError)) throw error;
    stderr(`${error.message}\n`);
    return { exitCode: 2 };
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    await endIdleDatabases();
    if (ground !== null) await (ground as Promise<SharedGround>).then((one) => one.close()).catch(() => undefined);
  }
}

/** Written beside and moved, so that nobody reads half of it. */
function keepReport(folder: string, report: DrillReport): void {
  const file = join(folder, `${report.drill}.json`);
  writeFileSync(`${file}.part`, JSON.stringify({ playedAt: new Date().toISOString(), report }));
  renameSync(`${file}.part`, file);
}

async function readAll(
  paths: readonly string[],
): Promise<{ readonly drills: readonly Drill[]; readonly problems: readonly string[] }> {
  const files = paths.flatMap(filesOf);
  const settled = await Promise.allSettled(files.map(readAndBuild));
  const problems = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  const drills = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (files.length === 0)
    problems.push(`No drill was found in ${paths.join(', ') || 'nothing'}; give a YAML file or a folder with some.`);
  return { drills, problems };
}

/** Casting finds what is wrong with a drill's policy before anything is started. */
async function readAndBuild(file: string): Promise<Drill> {
  const drill = await readDrill(file);
  await buildDrillPolicy(drill);
  return drill;
}

function filesOf(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name));
  return names.sort().map((name) => join(path, name));
}

/** So many at once; told in the order of the files, each as soon as those before it have been. */
async function playAll(
  drills: readonly Drill[],
  parallel: number,
  run: Run,
  show: (judged: Judged) => void,
): Promise<readonly DrillReport[]> {
  const done: (Judged | null)[] = drills.map(() => null);
  let next = 0;
  let shown = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < drills.length && !run.stopped(); index = next++) {
      done[index] = await playOne(drills[index] as Drill, run);
      for (let ready = done[shown]; ready !== null && ready !== undefined; ready = done[++shown]) show(ready);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, drills.length)) }, worker));
  return done.flatMap((judged) => judged?.report ?? []);
}

async function playOne(drill: Drill, run: Run): Promise<Judged> {
  const startedAt = performance.now();
  const wallSeconds = () => (performance.now() - startedAt) / 1000;
  const own = needsOwnGround(drill) ? await openGround({ ...run.options, durable: true, log: run.say }) : null;
  try {
    const ground = own ?? (await run.shared());
    return await ground.lend(drill, (place, grounds) =>
      playDrill(drill, { ground: place, grounds, stopped: run.stopped }, (performed) =>
        judge(performed, place.code.workflows, wallSeconds),
      ),
    );
  } catch (error) {
    if (error instanceof DrillError) throw error;
    return broken(drill, (error as Error).message, wallSeconds());
  } finally {
    await own?.close();
  }
}

/** A drill that could not be played to its end has failed, and says why. */
function broken(drill: Drill, words: string, wallSeconds: number): Judged {
  const check = { check: 'played to its end', expected: true, actual: words, passed: false };
  const report: DrillReport = {
    drill: drill.name,
    passed: false,
    checks: [check],
    incidents: [],
    paged: [],
    mailed: [],
    published: { statusPage: [], slack: [] },
    failedRequests: 0,
    invariants: [],
    wallSeconds: Math.round(wallSeconds * 10) / 10,
  };
  return {
    report,
    about: drill.about,
    startAtMs: drill.startAtMs,
    endedAtMs: drill.startAtMs,
    scenes: [],
    windows: [],
  };
}
