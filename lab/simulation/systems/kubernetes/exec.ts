import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { WireServer } from '../../wire/server.ts';
import type { AdminAction, ServiceUnderTest } from '../service-api.ts';
import { answerOfPod } from '../service-api.ts';
import { type StatusReason, statusAnswer } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import type { Pod } from './objects.ts';

export interface ExecOptions {
  readonly server: WireServer;
  readonly token: string;
  readonly cluster: Cluster;
  readonly clock: () => number;
  readonly service: () => ServiceUnderTest;
  readonly record: (action: AdminAction) => void;
}

interface Ended {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode: number;
}

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/exec$/;
/** Newest first, as a server chooses among what the client offers. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const CURL_REFUSED = 7;

/** GET pods/{name}/exec as a WebSocket: stdout on channel 1, stderr on 2, a metav1.Status on 3 at the end. */
export function serveExec(options: ExecOptions): void {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  options.server.onUpgrade((request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://cluster');
    const pod = admitted(options, request, url, socket);
    if (pod === null) return;
    sockets.handleUpgrade(request, socket, head, (open) => {
      converse(open, run(options, pod, url.searchParams.getAll('command')));
    });
  });
}

function admitted(options: ExecOptions, request: IncomingMessage, url: URL, socket: Duplex): Pod | null {
  const refuse = (reason: StatusReason, message: string): null => {
    const { status, body } = statusAnswer(reason, message);
    const text = JSON.stringify(body);
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    );
    return null;
  };
  const [, namespace = '', name = ''] = PATH.exec(url.pathname) ?? [];
  if (name === '') return refuse('NotFound', 'the server could not find the requested resource');
  if (request.headers.authorization !== `Bearer ${options.token}`) return refuse('Unauthorized', 'Unauthorized');
  const pod = options.cluster.store.get('Pod', namespace, name);
  if (pod === null) return refuse('NotFound', `pods "${name}" not found`);
  const container = url.searchParams.get('container');
  if (container !== null && !pod.spec.containers.some((one) => one.name === container))
    return refuse('BadRequest', `container ${container} is not valid for pod ${name}`);
  if (url.searchParams.getAll('command').length === 0)
    return refuse('BadRequest', 'you must specify at least one command for the container');
  if (pod.status.phase !== 'Running')
    return refuse('InternalError', `container not found ("${pod.spec.containers[0]?.name ?? ''}")`);
  return pod;
}

/** Null when the image has no such program. */
function run(options: ExecOptions, pod: Pod, [program = '', ...args]: readonly string[]): Ended | string {
  switch (program) {
    case 'true':
      return { exitCode: 0 };
    case 'false':
      return { exitCode: 1 };
    case 'echo':
      return { stdout: `${args.join(' ')}\n`, exitCode: 0 };
    case 'ls':
      return args.every((one) => one === '/')
        ? { stdout: 'app\n', exitCode: 0 }
        : { stderr: `ls: cannot access '${args[0]}': No such file or directory\n`, exitCode: 2 };
    case 'curl':
      return curl(options, pod, args);
    default:
      return program;
  }
}

/** As much of curl as the runbook types: -X, -H, -d, -s, -m, -w '\n%{http_code}', one address of the pod itself. */
function curl(options: ExecOptions, pod: Pod, args: readonly string[]): Ended {
  let [method, body, format, address] = ['GET', '', '', ''];
  for (let i = 0; i < args.length; i += 1) {
    const [arg = '', next = ''] = [args[i], args[i + 1]];
    if (arg === '-X') method = next;
    else if (arg === '-d' || arg === '--data' || arg === '--data-raw')
      [body, method] = [next, method === 'GET' ? 'POST' : method];
    else if (arg === '-w') format = next;
    else if (!arg.startsWith('-')) address = arg;
    if (['-X', '-d', '--data', '--data-raw', '-w', '-H', '-m'].includes(arg)) i += 1;
  }
  const url = URL.canParse(address) ? new URL(address) : null;
  const ports = pod.spec.containers.flatMap((one) => one.ports ?? []).map((one) => one.containerPort);
  if (url === null || !['localhost', '127.0.0.1'].includes(url.hostname) || !ports.includes(Number(url.port || 80)))
    return {
      stderr: `curl: (7) Failed to connect to ${url?.host ?? address}: Connection refused\n`,
      exitCode: CURL_REFUSED,
    };
  const request = { method, path: url.pathname, rawBody: Buffer.from(body), atMs: options.clock() };
  const answer = answerOfPod(options.service(), pod.metadata.name, request, options.record);
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
  const tail = format.replaceAll('\\n', '\n').replaceAll('%{http_code}', String(answer.status));
  return { stdout: `${text}${tail}`, exitCode: 0 };
}

function converse(socket: WebSocket, ended: Ended | string): void {
  if (typeof ended === 'string') {
    const message = `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: "${ended}": executable file not found in $PATH: unknown`;
    say(socket, 3, JSON.stringify({ metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 }));
  } else {
    if (ended.stdout !== undefined) say(socket, 1, ended.stdout);
    if (ended.stderr !== undefined) say(socket, 2, ended.stderr);
    say(socket, 3, JSON.stringify(statusOf(ended.exitCode)));
  }
  socket.close(1000);
}

/** As the kubelet words it (k8s.io/kubelet/pkg/cri/streaming/remotecommand). */
function statusOf(exitCode: number): unknown {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function say(socket: WebSocket, channel: number, text: string): void {
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
}
