import { WebSocket } from 'ws';
import { z } from 'zod';
import { failure } from '../failures.ts';
import { failureOfAnswer } from '../http.ts';
import { redactSecrets } from '../redaction.ts';
import { KUBERNETES, type KubernetesConnection } from './connection.ts';
import { segment } from './names.ts';

export interface ExecCall {
  readonly namespace: string;
  readonly pod: string;
  /** Null: the API server's choice, which is the only container or an error. */
  readonly container: string | null;
  /** A program and its arguments. Never a shell: what comes from alerts and policy must stay an argument. */
  readonly command: readonly string[];
  readonly timeoutMilliseconds: number;
}

/** What the command said and how it ended; output beyond the limit is cut off and said to be. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** With v5 a client can close its stdin; we have none, so both speak the same here. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
const SHELLS = /^(?:.*\/)?(?:sh|bash|dash|ash|zsh|ksh|fish|busybox|env|xargs|eval)$/;

const statusShape = z.object({
  status: z.string().nullish(),
  message: z.string().nullish(),
  reason: z.string().nullish(),
  details: z
    .object({ causes: z.array(z.object({ reason: z.string().nullish(), message: z.string().nullish() })).nullish() })
    .nullish(),
});

/**
 * One command in one container, over the API's channels. It settles whatever happens: with the status the server sends,
 * when the socket closes or fails without one, and at its deadline, also on a connection that is only half open. All but
 * the first leave it unknown whether the command ran, and are failures that say so.
 */
export async function execInPod(connection: KubernetesConnection, call: ExecCall): Promise<ExecResult> {
  const [program] = call.command;
  if (program === undefined || SHELLS.test(program))
    throw failure(
      'Invalid',
      `${KUBERNETES}: ${program ?? 'nothing'} is not run in a pod: only a program with arguments is.`,
    );
  const { url, headers, agent } = await connection.authenticated({ method: 'GET', path: execPath(call) });
  const socket = new WebSocket(url.replace(/^http/, 'ws'), PROTOCOLS, {
    headers,
    ...(agent === undefined ? {} : { agent }),
    handshakeTimeout: call.timeoutMilliseconds,
    maxPayload: 4 * OUTPUT_LIMIT_BYTES,
    perMessageDeflate: false,
  });
  return new Conversation(socket, call).result;
}

class Conversation {
  readonly result: Promise<ExecResult>;
  readonly #output = { [STDOUT]: [] as Buffer[], [STDERR]: [] as Buffer[] };
  #bytes = 0;
  #truncated = false;

  constructor(socket: WebSocket, call: ExecCall) {
    const what = `${call.command[0]} in ${call.pod}`;
    this.result = new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => end(() => reject(unknown(`${what} did not end within ${call.timeoutMilliseconds / 1000} s`))),
        call.timeoutMilliseconds,
      );
      const end = (settle: () => void): void => {
        clearTimeout(deadline);
        socket.terminate();
        settle();
      };
      socket.on('message', (data: Buffer) => {
        try {
          const exitCode = this.#heard(data);
          if (exitCode !== null) end(() => resolve(this.#resultOf(exitCode)));
        } catch (error) {
          end(() => reject(error));
        }
      });
      socket.on('unexpected-response', (_request, answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          end(() =>
            reject(failureOfAnswer(KUBERNETES, { status: answer.statusCode ?? 0, headers: new Headers(), text })),
          );
        });
      });
      socket.on('error', (error) => end(() => reject(unknown(`${what} failed: ${redactSecrets(error.message)}`))));
      socket.on('close', () =>
        end(() => reject(unknown(`${what}: the connection closed before it told how it ended`))),
      );
    });
  }

  /** The exit code when this message tells it. */
  #heard(data: Buffer): number | null {
    const channel = data[0];
    const rest = data.subarray(1);
    if (channel === STATUS) return exitCodeOf(rest.toString('utf8'));
    if (channel !== STDOUT && channel !== STDERR) return null;
    const room = OUTPUT_LIMIT_BYTES - this.#bytes;
    this.#truncated ||= rest.length > room;
    this.#bytes += rest.length;
    if (room > 0) this.#output[channel].push(rest.subarray(0, room));
    return null;
  }

  #resultOf(exitCode: number): ExecResult {
    const text = (channel: typeof STDOUT | typeof STDERR) => Buffer.concat(this.#output[channel]).toString('utf8');
    return { exitCode, stdout: text(STDOUT), stderr: text(STDERR), truncated: this.#truncated };
  }
}

/** The command's own end is a value; that it could not be started is a failure. */
function exitCodeOf(text: string): number {
  const parsed = statusShape.safeParse(jsonOf(text));
  if (!parsed.success) throw unknown(`it ended in a way we do not know: ${text.slice(0, 200)}`);
  const { status, reason, message, details } = parsed.data;
  if (status === 'Success') return 0;
  const code = details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
  if (reason === 'NonZeroExitCode' && code !== undefined && /^\d+$/.test(code ?? '')) return Number(code);
  throw failure(
    'Invalid',
    `${KUBERNETES} could not run it: ${redactSecrets(message ?? reason ?? 'no reason was given')}`,
  );
}

function execPath({ namespace, pod, container, command }: ExecCall): string {
  const query = new URLSearchParams({ stdout: 'true', stderr: 'true' });
  if (container !== null) query.set('container', container);
  for (const part of command) query.append('command', part);
  return `/api/v1/namespaces/${segment(namespace)}/pods/${segment(pod)}/exec?${query}`;
}

function unknown(words: string) {
  return failure('Unavailable', `${KUBERNETES}: ${words}. Whether it was done is not known.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
