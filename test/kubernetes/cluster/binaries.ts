import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = import.meta.dirname;
const CACHE = join(resolve(HERE, '../../..'), '.cache', 'kubernetes');

const CONTROL_PLANE = [
  'go.etcd.io/etcd/server/v3',
  'k8s.io/kubernetes/cmd/kube-apiserver',
  'k8s.io/kubernetes/cmd/kube-controller-manager',
  'k8s.io/kubernetes/cmd/kube-scheduler',
  'k8s.io/kubernetes/cmd/kubectl',
];
// Six minutes on two idle cores, five times that on busy ones.
const BUILD_LIMIT_MS = 30 * 60_000;
const POLL_MS = 1_000;

/** Paths of the programs of a cluster, and the folder of kwok's own definitions. */
export interface ClusterBinaries {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubectl: string;
  readonly kwok: string;
  readonly kwokDefinitions: string;
}

/** Null when a cluster can be had here; else why the tests that need one are skipped. */
export const NO_CLUSTER_BECAUSE: string | null = await whyNone();

/** Built once for each pair of go.sum files; several test files that come at once build once. */
export async function clusterBinaries(): Promise<ClusterBinaries> {
  const folder = join(CACHE, keyOf());
  if (!existsSync(join(folder, 'complete'))) await buildOnce(folder);
  return {
    etcd: join(folder, 'server'),
    apiServer: join(folder, 'kube-apiserver'),
    controllerManager: join(folder, 'kube-controller-manager'),
    scheduler: join(folder, 'kube-scheduler'),
    kubectl: join(folder, 'kubectl'),
    kwok: join(folder, 'kwok'),
    kwokDefinitions: join(folder, 'kwok-definitions'),
  };
}

async function whyNone(): Promise<string | null> {
  if (existsSync(join(CACHE, keyOf(), 'complete'))) return null;
  try {
    await run('go', ['version'], { timeout: 20_000 });
    return null;
  } catch {
    return 'Go is not installed, with which the Kubernetes API server is built (see test/kubernetes/cluster/README.md)';
  }
}

function keyOf(): string {
  const hash = createHash('sha256');
  for (const module of ['control-plane', 'kwok']) hash.update(readFileSync(join(HERE, module, 'go.sum')));
  return hash.digest('hex').slice(0, 16);
}

/** Whoever makes the lock file builds; the others wait for the result, or for the lock to be given up. */
async function buildOnce(folder: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const lock = `${folder}.lock`;
  const untilMs = performance.now() + BUILD_LIMIT_MS;
  while (performance.now() < untilMs) {
    const mine = await open(lock, 'wx').catch(() => null);
    if (mine !== null) {
      try {
        if (!existsSync(join(folder, 'complete'))) await build(folder);
        return;
      } finally {
        await mine.close();
        rmSync(lock, { force: true });
      }
    }
    if (existsSync(join(folder, 'complete'))) return;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error(
    `The Kubernetes programs were not built in ${BUILD_LIMIT_MS / 60_000} minutes; remove ${lock} and try again.`,
  );
}

async function build(folder: string): Promise<void> {
  const parts = `${folder}.parts`;
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(parts, { recursive: true });
  const go = (module: string, args: readonly string[]) =>
    run('go', args, { cwd: join(HERE, module), timeout: BUILD_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }).catch(
      ({ killed, stderr = '' }: { killed?: boolean; stderr?: string }) => {
        const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('go: downloading'));
        const why =
          killed === true ? `it took more than ${BUILD_LIMIT_MS / 60_000} minutes` : lines.slice(-5).join('; ');
        throw new Error(
          `go ${args[0]} of the Kubernetes programs (${module}) failed: ${why}. What was built is kept: run it again.`,
        );
      },
    );
  const flags = ['-mod=readonly', '-trimpath', '-ldflags=-s -w'];
  await go('control-plane', ['build', ...flags, '-o', `${parts}/`, ...CONTROL_PLANE]);
  await go('kwok', ['build', ...flags, '-o', `${parts}/`, 'sigs.k8s.io/kwok/cmd/kwok']);
  const { stdout } = await go('kwok', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok']);
  const source = join(stdout.trim(), 'kustomize');
  for (const part of ['crd/bases', 'stage/node/fast', 'stage/node/heartbeat', 'stage/pod/fast'])
    cpSync(join(source, part), join(parts, 'kwok-definitions', part), { recursive: true });
  mkdirSync(join(parts, 'complete'));
  rmSync(folder, { recursive: true, force: true });
  renameSync(parts, folder);
}
