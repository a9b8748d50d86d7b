// `npm test`: packages, then the stages below; one line at the end says how many passed and failed.
//
//   npm test                         everything
//   npm run check                    what needs no server: types, lint, unit
//   npm test -- test/domain          only the test files whose path contains that; no drills
//   npm test -- --only=lint,drills   only these stages
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, ROOT } from './ensure-installed.mjs';
import { exitCodeOf, fromDrills, fromExitCode, fromVitest, lastLine, result, total } from './test-results.mjs';

const LEASH = join(ROOT, 'lab', 'embedded', 'leash.mjs');
const QUIET_LIMIT_MS = 30_000;
const AFTER_TERM_MS = 10_000;

/** Each with the minutes after which it is ended. `vitest.config.ts` says which test files are unit, servers and whole. */
const STAGES = {
  types: { minutes: 5, test: () => command('types', bin('tsc'), ['--noEmit', '-p', '.']) },
  lint: { minutes: 5, test: () => command('lint', 'npm', ['run', '--silent', 'lint']) },
  unit: { minutes: 10, test: () => vitest('unit', ['--project=unit']) },
  servers: { minutes: 35, test: () => vitest('servers', ['--project=servers']) },
  whole: { minutes: 25, test: () => vitest('whole', ['--project=whole']) },
  drills: { minutes: 30, test: runDrills },
  files: { minutes: 30, test: () => vitest('files', filters) },
};

const running = new Set();
let interrupted = false;

const args = process.argv.slice(2);
const filters = args.filter((arg) => !arg.startsWith('--'));
const only = args.find((arg) => arg.startsWith('--only='));
const skippedFails = /^(1|true)$/i.test(process.env.CI ?? '');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));
process.exitCode = await main();

async function main() {
  const all = Object.keys(STAGES).filter((name) => name !== 'files');
  const chosen = filters.length > 0 ? ['files'] : (only?.slice('--only='.length).split(',') ?? all);
  const unknown = [...chosen.filter((name) => !(name in STAGES)), ...args.filter((arg) => /^--(?!only=)/.test(arg))];
  if (unknown.length > 0) {
    console.log(`${unknown.join(', ')} is not known here. Stages are ${all.join(', ')}: npm test -- --only=unit`);
    return finish([result(0, 1)]);
  }
  try {
    await ensureInstalled(console.log);
  } catch (error) {
    console.log(error.message);
    return finish([result(0, 1)]);
  }
  const results = [];
  for (const name of Object.keys(STAGES).filter((stage) => chosen.includes(stage))) {
    if (interrupted) break;
    const startedAtMs = performance.now();
    console.log(`\n── ${name} ──`);
    const outcome = await STAGES[name].test();
    results.push(outcome);
    console.log(`── ${name}: ${lastLine(outcome)} in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  }
  if (interrupted) results.push(result(0, 1, 0, ['The run was interrupted.']));
  return finish(results);
}

function finish(results) {
  const notes = results.flatMap((one) => one.notes);
  if (notes.length > 0) console.log(`\n${notes.map((note) => `  ${note}`).join('\n')}`);
  const sum = total(results, { skippedFails });
  if (skippedFails && results.some((one) => one.skipped > 0)) console.log('In CI a skipped test counts as failed.');
  console.log(`\n${lastLine(sum)}`);
  return exitCodeOf(sum);
}

async function command(stage, program, programArgs) {
  const { code } = await run(stage, program, programArgs);
  return fromExitCode(stage, code);
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
function run(stage, program, programArgs, { captureOutput = false } = {}) {
  return new Promise((resolve) => {
    // On a leash: when this process is killed, the stage and all it has started end with it.
    const leashed = JSON.stringify({ command: program, args: programArgs, cwd: ROOT, graceMs: AFTER_TERM_MS });
    const colours = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
    const child = spawn(process.execPath, [LEASH, leashed], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...colours },
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
      console.log(`${stage}: ${Math.round((performance.now() - startedAtMs) / 1000)} s so far …`);
    }, QUIET_LIMIT_MS);
    const limit = setTimeout(() => {
      console.log(`${stage} took longer than ${STAGES[stage].minutes} minutes and is ended.`);
      child.kill('SIGTERM'); // the leash asks the stage to end, and kills it when it does not
    }, STAGES[stage].minutes * 60_000);
    child.stdout.on('data', (chunk) => {
      if (captureOutput) stdout += chunk;
      else process.stdout.write(chunk);
      progress.refresh();
    });
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      progress.refresh();
    });
    child.on('close', () => {
      clearInterval(progress);
      clearTimeout(limit);
      running.delete(child);
      const { code, signal, error } = JSON.parse(notices.trim().split('\n').at(-1) || '{}');
      if (error) console.log(`${stage} could not be started (${program}): ${error}`);
      resolve({ code: error ? 127 : (code ?? signal ?? 'killed'), stdout });
    });
  });
}

function interrupt(signal) {
  if (!interrupted) console.log(`\n${signal}: ending the tests …`);
  interrupted = true;
  for (const child of running) child.kill('SIGTERM');
}

function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}
