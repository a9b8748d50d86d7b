// `npm test`: packages, types and lint, vitest, whole installations, the drills; then one line that says how many passed and failed.
//
//   npm test                      everything
//   npm test -- test/domain      only the vitest files whose path contains that; no drills
//   npm test -- --only=lint,drills   only these stages: types, lint, vitest, e2e, drills
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, ROOT } from './ensure-installed.mjs';
import { exitCodeOf, fromDrills, fromExitCode, fromVitest, lastLine, result, total } from './test-results.mjs';

const LEASH = join(ROOT, 'lab', 'embedded', 'leash.mjs');
const QUIET_LIMIT_MS = 30_000;
const LIMIT_MS = { types: 5 * 60_000, lint: 2 * 60_000, vitest: 30 * 60_000, e2e: 20 * 60_000, drills: 20 * 60_000 };
const AFTER_TERM_MS = 10_000;

// What starts whole installations, with servers and processes, runs a file at a time: beside others it would starve.
const WHOLE = ['test/e2e/', 'lab/test/demo/'];
const STAGES = { types: checkTypes, lint: checkLint, vitest: runVitest, e2e: runWhole, drills: runDrills };
const running = new Set();
let interrupted = false;

const args = process.argv.slice(2);
const filters = args.filter((arg) => !arg.startsWith('--'));
const only = args
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const skippedFails = /^(1|true)$/i.test(process.env.CI ?? '');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));
process.exitCode = await main();

async function main() {
  const unknown = [
    ...(only ?? []).filter((name) => !(name in STAGES)),
    ...args.filter((arg) => /^--(?!only=)/.test(arg)),
  ];
  if (unknown.length > 0) {
    say(
      `${unknown.join(', ')} is not known here. Stages are ${Object.keys(STAGES).join(', ')}: npm test -- --only=vitest`,
    );
    return finish([result(0, 1)]);
  }
  try {
    await ensureInstalled(say);
  } catch (error) {
    say(error.message);
    return finish([result(0, 1)]);
  }
  const chosen = only ?? (filters.length > 0 ? ['vitest'] : Object.keys(STAGES));
  const results = [];
  for (const name of Object.keys(STAGES).filter((stage) => chosen.includes(stage))) {
    if (interrupted) break;
    const startedAtMs = performance.now();
    say(`\n── ${name} ──`);
    const outcome = await STAGES[name]();
    results.push(outcome);
    say(`── ${name}: ${lastLine(outcome)} in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  }
  if (interrupted) results.push(result(0, 1, 0, ['The run was interrupted.']));
  return finish(results);
}

function finish(results) {
  const notes = results.flatMap((one) => one.notes);
  if (notes.length > 0) say(`\n${notes.map((note) => `  ${note}`).join('\n')}`);
  const sum = total(results, { skippedFails });
  if (skippedFails && results.some((one) => one.skipped > 0)) say('In CI a skipped test counts as failed.');
  console.log(`\n${lastLine(sum)}`);
  return exitCodeOf(sum);
}

async function checkTypes() {
  const { code } = await run('types', bin('tsc'), ['--noEmit', '-p', '.']);
  return fromExitCode('tsc --noEmit', code);
}

async function checkLint() {
  const { code } = await run('lint', bin('biome'), ['check']);
  return fromExitCode('biome check', code);
}

function runVitest() {
  const apart = filters.length > 0 ? [] : WHOLE.flatMap((folder) => ['--exclude', `${folder}**`]);
  return vitest('vitest', [...apart, ...filters]);
}

function runWhole() {
  return vitest('e2e', ['--no-file-parallelism', ...WHOLE]);
}

async function vitest(stage, more) {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const { code } = await run(stage, bin('vitest'), ['run', ...reporters, ...more]);
    return fromVitest(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runDrills() {
  const { code, stdout } = await run('drills', join(ROOT, 'bin', 'incident'), ['drill', 'run', 'drills/', '--json'], {
    captureOutput: true,
  });
  return fromDrills(stdout, code);
}

/** Runs one command in the project's folder; says so when it is silent for long, and ends it at its limit. */
function run(stage, command, commandArgs, { captureOutput = false } = {}) {
  return new Promise((resolve) => {
    // On a leash: when this process is killed, the stage and all it has started end with it.
    const leashed = JSON.stringify({ command, args: commandArgs, cwd: ROOT, graceMs: AFTER_TERM_MS });
    const child = spawn(process.execPath, [LEASH, leashed], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: colourful(),
      detached: true,
    });
    child.stdin.on('error', () => {}); // the leash has ended, which is heard below
    let notices = '';
    child.stdio[3].setEncoding('utf8').on('data', (text) => {
      notices += text;
    });
    running.add(child);
    let stdout = '';
    const startedAtMs = performance.now();
    const progress = setInterval(() => {
      say(`${stage}: ${Math.round((performance.now() - startedAtMs) / 1000)} s so far …`);
    }, QUIET_LIMIT_MS);
    const limit = setTimeout(() => {
      say(`${stage} took longer than ${LIMIT_MS[stage] / 60_000} minutes and is ended.`);
      end(child);
    }, LIMIT_MS[stage]);
    child.stdout.on('data', (chunk) => {
      if (captureOutput) stdout += chunk;
      else process.stdout.write(chunk);
      progress.refresh();
    });
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      progress.refresh();
    });
    const settle = (code) => {
      clearInterval(progress);
      clearTimeout(limit);
      running.delete(child);
      resolve({ code, stdout });
    };
    child.on('error', (error) => {
      say(`${stage} could not be started: ${error.message}`);
      settle(127);
    });
    child.on('close', () => {
      const { code, signal, error } = JSON.parse(notices.trim().split('\n').at(-1) || '{}');
      if (error) say(`${stage} could not be started (${command}): ${error}`);
      settle(error ? 127 : (code ?? signal ?? 'killed'));
    });
  });
}

function interrupt(signal) {
  if (!interrupted) say(`\n${signal}: ending the tests …`);
  interrupted = true;
  for (const child of running) end(child);
}

/** The leash asks the stage to end, and kills it when it does not. */
function end(child) {
  child.kill('SIGTERM');
}

function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}

function colourful() {
  return process.stdout.isTTY && !process.env.NO_COLOR ? { ...process.env, FORCE_COLOR: '1' } : process.env;
}

function say(line) {
  console.log(line);
}
