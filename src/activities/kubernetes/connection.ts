import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { ZodType } from 'zod';
import { failure, met } from '../failures.ts';
import { failureOfAnswer, type HttpAnswer, parseJson, troubleOf } from '../http.ts';
import { redactSecrets } from '../redaction.ts';
import type { EnvOf } from '../system.ts';
import type { kubernetes } from './settings.ts';

/** Where the cluster is. Without `apiUrl` the usual order holds: KUBECONFIG, ~/.kube/config, in-cluster. */
export interface KubernetesOptions {
  readonly apiUrl?: string;
  readonly token?: string;
  /** The cluster's certificate authority, for an `apiUrl` that is not signed by a public one. */
  readonly caFile?: string;
  readonly timeoutMilliseconds: number;
}

export interface KubernetesCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** One authenticated connection to an API server. Every call has a deadline; none is retried here. */
export interface KubernetesConnection {
  /** Any status answered; throws `Unavailable` when there was no whole answer in time: a write may have happened. */
  send(call: KubernetesCall): Promise<HttpAnswer>;
  /** GET that must answer that shape; throws the failures of http.ts otherwise. */
  read<T>(path: string, shape: ZodType<T>, query?: KubernetesCall['query']): Promise<T>;
  authenticated(call: KubernetesCall): Promise<AuthenticatedCall>;
}

/** What a connection of another kind (a WebSocket) needs in order to be let in. */
export interface AuthenticatedCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent | undefined;
}

/**
 * The official client does the authentication (tokens, certificates, exec plugins, proxies); the requests are raw JSON.
 * Its typed models drop fields they do not know, and a rollback must put back a template exactly as it was.
 */
export function connectToKubernetes(options: KubernetesOptions): KubernetesConnection {
  const config = configOf(options);
  const send = (call: KubernetesCall): Promise<HttpAnswer> => sendOnce(config, call, options.timeoutMilliseconds);
  return {
    send,
    async authenticated(call) {
      const context = await requestOf(config, call);
      const agent = context.getAgent() as Agent | undefined;
      return { url: context.getUrl(), headers: context.getHeaders(), agent };
    },
    async read(path, shape, query) {
      const answer = await send({ method: 'GET', path, ...(query === undefined ? {} : { query }) });
      if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
      return parseJson(KUBERNETES, answer, shape);
    },
  };
}

/** Where the environment says that the cluster is. */
export function kubernetesOptions(
  env: Pick<EnvOf<typeof kubernetes>, 'KUBERNETES_API_URL' | 'KUBERNETES_API_TOKEN' | 'KUBERNETES_CA_FILE'>,
): KubernetesOptions {
  return {
    ...(env.KUBERNETES_API_URL === undefined ? {} : { apiUrl: env.KUBERNETES_API_URL }),
    ...(env.KUBERNETES_API_TOKEN === undefined ? {} : { token: env.KUBERNETES_API_TOKEN }),
    ...(env.KUBERNETES_CA_FILE === undefined ? {} : { caFile: env.KUBERNETES_CA_FILE }),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  };
}

export const KUBERNETES = 'Kubernetes';
const TIMEOUT_MILLISECONDS = 5_000;
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

function configOf(options: KubernetesOptions): KubeConfig {
  const config = new KubeConfig();
  if (options.apiUrl === undefined) {
    config.loadFromDefault();
    return config;
  }
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server: options.apiUrl,
      // The client refuses plain HTTP unless told so; with HTTPS the certificate is always checked.
      skipTLSVerify: options.apiUrl.startsWith('http:'),
      ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
    },
    { name: 'incident-runbook', ...(options.token === undefined ? {} : { token: options.token }) },
  );
  return config;
}

async function sendOnce(config: KubeConfig, call: KubernetesCall, milliseconds: number): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(milliseconds);
  try {
    const answer = await exchange(await requestOf(config, call), signal);
    if (answer.status < 300) return answer;
    // A refusal is shown to people, and a proxy in between may repeat in it what it was told.
    return { ...answer, text: withoutToken(config, answer.text) };
  } catch (error) {
    const cause: unknown = signal.aborted ? signal.reason : error;
    const failed = failure(
      'Unavailable',
      `${KUBERNETES} ${withoutToken(config, redactSecrets(troubleOf(cause, milliseconds)))}`,
    );
    throw met(failed, { status: null, error: cause });
  }
}

function withoutToken(config: KubeConfig, text: string): string {
  const { token, password } = config.getCurrentUser() ?? {};
  return [token, password].reduce<string>(
    (rest, secret) => (secret ? rest.replaceAll(secret, '[secret]') : rest),
    text,
  );
}

async function requestOf(config: KubeConfig, call: KubernetesCall): Promise<RequestContext> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('no cluster is configured (set KUBECONFIG or the API address)');
  const context = new RequestContext(`${server.replace(/\/+$/, '')}${call.path}`, HttpMethod[call.method]);
  for (const [name, value] of Object.entries(call.query ?? {})) context.setQueryParam(name, String(value));
  context.setHeaderParam('Accept', 'application/json, */*;q=0.5');
  if (call.body !== undefined) {
    context.setHeaderParam('Content-Type', call.contentType ?? 'application/json');
    context.setBody(JSON.stringify(call.body));
  }
  await config.applySecurityAuthentication(context);
  return context;
}

function exchange(context: RequestContext, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const url = new URL(context.getUrl());
    const body = context.getBody();
    const headers = {
      ...context.getHeaders(),
      ...(typeof body === 'string' ? { 'Content-Length': Buffer.byteLength(body) } : {}),
    };
    const begin = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const agent = context.getAgent();
    const outgoing = begin(url, {
      method: context.getHttpMethod(),
      headers,
      signal,
      ...(agent === undefined ? {} : { agent }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => readAnswer(incoming).then(resolve, reject));
    outgoing.end(typeof body === 'string' ? body : undefined);
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > LARGEST_ANSWER_BYTES) throw new Error(`answered with more than ${LARGEST_ANSWER_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return { status: incoming.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString('utf8') };
}
