import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { CliFailure, EXIT } from '../../src/cli/failure.ts';
import type { Io } from '../../src/cli/io.ts';
import { table } from '../../src/cli/table.ts';

export interface DrillRunOptions {
  readonly json?: boolean;
  readonly realTime?: boolean;
  readonly speed?: string;
  readonly parallel?: string;
}

/** Plays drills; the answer is the exit code: 0 all passed, 1 one failed, 2 a file is wrong. */
export async function runDrillFiles(io: Io, paths: readonly string[], options: DrillRunOptions): Promise<number> {
  const speed = options.speed === undefined ? null : Number(options.speed);
  if (speed !== null && !(speed > 0))
    throw new CliFailure(
      'usage',
      `--speed "${options.speed}" is no number above 0.`,
      'Give the incident seconds that pass in one second, e.g. --speed 10.',
    );
  const parallel = options.parallel === undefined ? null : Number(options.parallel);
  if (parallel !== null && !(Number.isInteger(parallel) && parallel > 0))
    throw new CliFailure('usage', `--parallel "${options.parallel}" is no number of drills.`, 'Give 1 or more.');
  const files = drillFiles(io, paths);
  const { runDrills } = await import('../rehearsal/run-drills.ts');
  const { exitCode } = await runDrills(files, {
    json: options.json === true,
    // A speed is about real seconds: virtual time has none.
    realTime: options.realTime === true || speed !== null,
    speed: speed ?? 1,
    parallel: parallel ?? undefined,
    reportsFolder: resolve(io.cwd, process.env.DRILL_REPORTS_DIR ?? join(io.root, '.cache', 'drill-reports')),
    stdout: (text) => io.draw(text),
    stderr: (text) => io.err(text.replace(/\n$/, '')),
  });
  return exitCode;
}

export async function printDrillSchema(io: Io): Promise<void> {
  const { drillJsonSchema } = await import('../rehearsal/drill-schema.ts');
  io.out(JSON.stringify(drillJsonSchema(), null, 2));
}

/** The drills of a folder, each with what it is about; files with mistakes are named, and fail the command (2). */
export async function listDrills(
  io: Io,
  paths: readonly string[],
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const { readDrill } = await import('../rehearsal/drill-file.ts');
  const { DrillError } = await import('../rehearsal/drill.ts');
  const drills: { readonly file: string; readonly drill: string; readonly about: string | null }[] = [];
  const problems: string[] = [];
  for (const file of drillFiles(io, paths.length === 0 ? [join(io.root, 'drills')] : paths)) {
    try {
      const { name, about } = await readDrill(file);
      drills.push({ file: shownPath(io, file), drill: name, about });
    } catch (error) {
      if (!(error instanceof DrillError)) throw error;
      problems.push(error.message);
    }
  }
  if (json) io.out(JSON.stringify({ drills, problems }));
  else if (drills.length > 0)
    for (const row of table(
      ['DRILL', 'FILE', 'ABOUT'],
      drills.map(({ drill, file, about }) => [drill, file, about ?? '']),
      io,
    ))
      io.out(row);
  if (!json) for (const problem of problems) io.err(problem);
  return problems.length === 0 ? EXIT.ok : EXIT.usage;
}

export interface GenerateOptions {
  readonly seed?: string;
  readonly count?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const MOST_GENERATED = 10_000;

/** Random drills of the published format with known truth: into a folder, or printed as one stream of documents. */
export async function generateDrills(io: Io, options: GenerateOptions): Promise<number> {
  const seed = wholeNumber(options.seed ?? '1', '--seed', 0, Number.MAX_SAFE_INTEGER);
  const count = wholeNumber(options.count ?? '10', '--count', 1, MOST_GENERATED);
  const { generateDrill } = await import('../rehearsal/generate-drill.ts');
  const drills = Array.from({ length: count }, (_, index) => generateDrill(seed, index));
  if (options.out === undefined) {
    if (options.json) io.out(JSON.stringify({ drills: drills.map(({ name, text }) => ({ drill: name, text })) }));
    else for (const { text } of drills) io.out(`---\n${text.trimEnd()}`);
    return EXIT.ok;
  }
  const folder = resolve(io.cwd, options.out);
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of drills) writeFileSync(join(folder, `${name}.yaml`), text);
  if (options.json) io.out(JSON.stringify({ folder, drills: drills.map(({ name }) => name) }));
  else
    io.out(`${count} drills are in ${shownPath(io, folder)}. Play them: incident drill run ${shownPath(io, folder)}`);
  return EXIT.ok;
}

function wholeNumber(written: string, flag: string, from: number, to: number): number {
  const value = Number(written);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new CliFailure(
    'usage',
    `${flag} "${written}" is no whole number from ${from} to ${to}.`,
    `Give one, e.g. ${flag} 7.`,
  );
}

/** Files as given; of a folder every *.yaml and *.yml in it, sorted, with its sub-folders. */
export function drillFiles(io: Pick<Io, 'cwd'>, paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) => {
    const full = resolve(io.cwd, path);
    const found = statSync(full, { throwIfNoEntry: false });
    if (found === undefined)
      throw new CliFailure('usage', `There is no drill at ${path}.`, 'Give YAML files, or folders that hold them.');
    if (!found.isDirectory()) return [full];
    const inside = readdirSync(full, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name));
    if (inside.length === 0)
      throw new CliFailure('usage', `There is no *.yaml in ${path}.`, 'Give YAML files, or folders that hold them.');
    return inside.sort().map((name) => join(full, name));
  });
  return [...new Set(files)];
}

function shownPath(io: Io, file: string): string {
  const near = relative(io.cwd, file);
  return near.startsWith('..') ? file : near;
}
