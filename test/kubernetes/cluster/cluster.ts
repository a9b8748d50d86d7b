import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../lab/embedded/ports.ts';
import { type RunningProcess, spawnProcess } from '../../../lab/embedded/processes.ts';
import { type ClusterBinaries, clusterBinaries } from './binaries.ts';

const run = promisify(execFile);
const READY_MS = 120_000;

/** Somebody who may sign in: a token, and the groups by which RBAC knows them. */
export interface ClusterUser {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface RealCluster {
  readonly url: string;
  readonly caFile: string;
  readonly adminToken: string;
  readonly tokens: Readonly<Record<string, string>>;
  /** kubectl as the administrator; resolves with its output, rejects with its words. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  apply(manifest: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * etcd, API server with RBAC, controllers, scheduler and a kubelet's stand-in, with three nodes that are ready. kwok lives
 * the pods' lives: exec runs local commands, logs are local files. Not there: metrics.k8s.io, and containers.
 */
export async function startRealCluster(
  options: { readonly users?: readonly ClusterUser[] } = {},
): Promise<RealCluster> {
  const binaries = await clusterBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  const running: RunningProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const one of [...running].reverse()) await one.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await assemble(binaries, folder, running, options.users ?? [], stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  binaries: ClusterBinaries,
  folder: string,
  running: RunningProcess[],
  users: readonly ClusterUser[],
  stop: () => Promise<void>,
): Promise<RealCluster> {
  const [client, peer, api, kubelet] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const everybody = [{ name: 'admin', groups: ['system:masters'] }, ...users];
  const tokens = Object.fromEntries(everybody.map(({ name }) => [name, randomUUID()]));
  const adminToken = tokens.admin ?? '';
  const url = `https://127.0.0.1:${api}`;
  const caFile = join(folder, 'certificates', 'apiserver.crt');
  const start = async (name: string, command: string, args: readonly string[], probe: () => Promise<boolean>) => {
    running.push(
      await spawnProcess({
        name,
        command,
        args,
        logFile: join(folder, `${name}.log`),
        readyWhen: { kind: 'probe', probe },
        readyTimeoutMs: READY_MS,
        stopSignals: ['SIGTERM'],
      }),
    );
  };
  await start(
    'etcd',
    binaries.etcd,
    [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ],
    async () => (await fetch(`http://127.0.0.1:${client}/health`)).ok,
  );
  const { key, tokenFile } = writeCredentials(folder, everybody, tokens);
  await start(
    'kube-apiserver',
    binaries.apiServer,
    [
      `--etcd-servers=http://127.0.0.1:${client}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${api}`,
      `--cert-dir=${join(folder, 'certificates')}`,
      `--token-auth-file=${tokenFile}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
      '--service-account-issuer=https://cluster.test',
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      `--endpoint-reconciler-type=none`,
    ],
    async () => (await answerOf(`${url}/readyz`, adminToken)) === 200,
  );
  const kubeconfig = writeKubeconfig(folder, url, caFile, adminToken);
  const kubectl = kubectlBy(binaries.kubectl, kubeconfig);
  const [managerPort, schedulerPort] = await Promise.all([freePort(), freePort()]);
  const isHealthy = (port: number) => async () => (await answerOf(`https://127.0.0.1:${port}/healthz`, null)) === 200;
  await Promise.all([
    start(
      'kube-controller-manager',
      binaries.controllerManager,
      [
        `--kubeconfig=${kubeconfig}`,
        '--controllers=deployment,replicaset,statefulset,endpoint,endpointslice,namespace,garbagecollector',
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        `--secure-port=${managerPort}`,
        `--cert-dir=${join(folder, 'manager-certificates')}`,
      ],
      isHealthy(managerPort),
    ),
    start(
      'kube-scheduler',
      binaries.scheduler,
      [
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        `--secure-port=${schedulerPort}`,
        `--cert-dir=${join(folder, 'scheduler-certificates')}`,
      ],
      isHealthy(schedulerPort),
    ),
    (async () => {
      await kubectl(['apply', '--server-side', '-f', join(binaries.kwokDefinitions, 'crd/bases')]);
      await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
      await start(
        'kwok',
        binaries.kwok,
        [
          `--kubeconfig=${kubeconfig}`,
          '--manage-all-nodes=true',
          '--node-ip=127.0.0.1',
          `--node-port=${kubelet}`,
          `--server-address=127.0.0.1:${kubelet}`,
          '--enable-crds=Stage,Exec,Logs,ClusterExec,ClusterLogs,Metric,ResourceUsage,ClusterResourceUsage',
          '--cidr=10.0.0.1/24',
        ],
        async () => (await fetch(`http://127.0.0.1:${kubelet}/healthz`).catch(() => null))?.ok === true,
      );
      await kubectl(['apply', '--server-side', '-f', '-'], stagesOf(binaries.kwokDefinitions));
    })(),
  ]);
  await kubectl(['apply', '-f', '-'], NODES);
  await kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s']);
  return {
    url,
    caFile,
    adminToken,
    tokens,
    kubectl,
    apply: async (manifest) => void (await kubectl(['apply', '-f', '-'], manifest)),
    stop,
  };
}

function writeCredentials(
  folder: string,
  users: readonly ClusterUser[],
  tokens: Readonly<Record<string, string>>,
): { readonly key: string; readonly tokenFile: string } {
  const key = join(folder, 'service-account.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const tokenFile = join(folder, 'tokens.csv');
  const lines = users.map(({ name, groups }) => `${tokens[name]},${name},${name},"${groups.join(',')}"`);
  writeFileSync(tokenFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { key, tokenFile };
}

/** kwok takes only a kubeconfig; JSON is YAML. */
function writeKubeconfig(folder: string, server: string, caFile: string, token: string): string {
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

function kubectlBy(command: string, kubeconfig: string): RealCluster['kubectl'] {
  return async (args, input) => {
    const call = run(command, [`--kubeconfig=${kubeconfig}`, ...args], {
      timeout: 90_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    call.child.stdin?.end(input ?? '');
    return (await call).stdout;
  };
}

function stagesOf(definitions: string): string {
  return ['stage/node/fast', 'stage/node/heartbeat', 'stage/pod/fast']
    .flatMap((part) => readdirSync(join(definitions, part)).map((name) => join(definitions, part, name)))
    .filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n---\n');
}

const NODES = ['node-a', 'node-b', 'node-c']
  .map((name) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
      status: {
        allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
        capacity: { cpu: '8', memory: '32Gi', pods: '110' },
      },
    }),
  )
  .join('\n---\n');

/** The servers sign their own certificates; here it is only asked whether they answer. */
function answerOf(url: string, token: string | null): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const asked = request(url, { headers, rejectUnauthorized: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('timeout')));
    asked.end();
  });
}
