// Makes sure that node_modules is what package-lock.json says, before anything of it is imported. Shared by
// `npm start` and `npm test`; on node built-ins alone, because it runs when nothing else is there yet.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = [20, 19];
const PROGRESS_EVERY_MS = 10_000;
const LOCK_RETRY_MS = 500;
/** An install that takes longer than this has been left behind by a crash. */
const LOCK_TIMEOUT_MS = 15 * 60_000;

/** Installs the packages when they are missing or stale. Throws a sentence when that cannot be done. */
export async function ensureInstalled(log = (line) => console.error(line), root = ROOT) {
  refuseOldNode();
  if (staleReason(root) === null) return;
  const release = await lock(join(root, '.cache', 'install.lock'), log);
  try {
    const reason = staleReason(root); // another process may have installed them meanwhile
    if (reason === null) return;
    log(`Installing packages (${reason}); the first time takes about a minute …`);
    await install(root, log);
    const still = staleReason(root);
    if (still !== null) throw new Error(`npm ended well, but ${still}. Remove node_modules and run npm ci.`);
  } finally {
    release();
  }
}

/** A phrase saying why node_modules is not what the lock file wants; null when it is. */
export function staleReason(root = ROOT) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (wanted === null)
    throw new Error('package-lock.json is missing or damaged. Restore it (git checkout package-lock.json).');
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (installed === null) return 'there are none yet';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const there = installed[path];
    // Optional packages of other platforms are rightly absent.
    if (!there && entry.optional) continue;
    if (!there) return `${path} is missing`;
    if (there.version !== entry.version || there.integrity !== entry.integrity) return `${path} is another version`;
    if (!existsSync(join(root, path))) return `${path} was removed`;
  }
  return null;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Error(
    `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE.join('.')} or newer, and start again.`,
  );
}

/**
 * `npm ci`, and where that refuses the lock file, `npm install --no-save`, which keeps to the same versions and
 * checksums. It refuses when the lock file was written where a registry lacks the optional packages of other
 * platforms: they are absent from it, although nobody needs them there.
 */
async function install(root, log) {
  const startedAtMs = performance.now();
  const seconds = () => Math.round((performance.now() - startedAtMs) / 1000);
  const timer = setInterval(() => log(`Installing packages: ${seconds()} s so far …`), PROGRESS_EVERY_MS);
  try {
    let outcome = await npm(root, ['ci']);
    if (outcome.code !== 0 && outcome.output.includes('EUSAGE')) outcome = await npm(root, ['install', '--no-save']);
    if (outcome.code !== 0) {
      const first = outcome.output.trim().split('\n').slice(0, 15).join('\n  ');
      throw new Error(`Packages could not be installed. Check the network, then run npm ci. npm said:\n  ${first}`);
    }
    log(`Installed packages in ${seconds()} s.`);
  } finally {
    clearInterval(timer);
  }
}

function npm(root, command) {
  // Under `npm run` this is npm's own script, which saves guessing where npm is.
  const script = process.env.npm_execpath;
  const [program, first] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...command, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      reject(new Error(`npm could not be run (${error.message}). Install npm 10 or newer, and start again.`));
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Two commands started at once must not install into the same folder. */
async function lock(file, log) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      const release = () => rmSync(file, { force: true });
      return release;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) log('Another command is installing packages; waiting for it …');
    await new Promise((done) => setTimeout(done, LOCK_RETRY_MS));
  }
}

function isAbandoned(file) {
  try {
    const ageMs = Date.now() - statSync(file).mtimeMs;
    const pid = Number(readFileSync(file, 'utf8'));
    if (ageMs > LOCK_TIMEOUT_MS) return true;
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
