import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createProviderActivities } from '../../../src/activities/admin-api/activities.ts';
import { createAdminClient } from '../../../src/activities/admin-api/client.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import { createPodGateway } from '../../../src/activities/kubernetes/pod-gateway.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import { NAMESPACE, openSimulated } from './simulated-rig.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that speaks the channels as the test says; `offered` are the protocols it knows. */
async function podThat(
  behave: (socket: WebSocket, url: URL) => void,
  offered = ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
) {
  const server: Server = createServer();
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (asked) => offered.find((one) => asked.has(one)) ?? false,
  });
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (open) => behave(open, new URL(request.url ?? '/', 'http://pod'))),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const one of sockets.clients) one.terminate();
    server.close();
  });
  return execAt((server.address() as AddressInfo).port);
}

function execAt(port: number) {
  const client = createKubernetesClient(
    connectToKubernetes({ apiUrl: `http://127.0.0.1:${port}`, token: 'planted-token-77', timeoutMilliseconds: 2_000 }),
  );
  return (command: readonly string[] = ['true'], timeoutMilliseconds = 2_000) =>
    client.exec({ namespace: 'shop', pod: 'web-1', container: 'web', command, timeoutMilliseconds });
}

const channel = (number: number, text: string) => Buffer.concat([Buffer.from([number]), Buffer.from(text)]);

describe('a command in a pod', () => {
  it('has the exit code that a kubelet’s own bytes tell, over v5 and over v4', async () => {
    // As k8s.io/apiserver's remotecommand writes it; kwok cannot show it (see test/contract/kubernetes).
    const status =
      '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}';
    for (const offered of [['v5.channel.k8s.io'], ['v4.channel.k8s.io']]) {
      const exec = await podThat((socket) => {
        socket.send(channel(1, 'half '));
        socket.send(channel(2, 'oh no'));
        socket.send(channel(1, 'done'));
        socket.send(channel(3, status));
      }, offered);
      expect(await exec()).toEqual({ exitCode: 3, stdout: 'half done', stderr: 'oh no', truncated: false });
    }
    const exec = await podThat((socket) => socket.send(channel(3, '{"metadata":{},"status":"Success"}')));
    expect(await exec()).toMatchObject({ exitCode: 0 });
  });

  it('is sent argument by argument and never through a shell', async () => {
    let asked: string[] = [];
    const exec = await podThat((socket, url) => {
      asked = url.searchParams.getAll('command');
      socket.send(channel(3, '{"status":"Success"}'));
    });
    await exec(['psql', '-c', "SELECT 'a b'; DROP TABLE x; $(reboot) &"]);
    expect(asked).toEqual(['psql', '-c', "SELECT 'a b'; DROP TABLE x; $(reboot) &"]);
    for (const shell of ['sh', '/bin/bash', 'env', 'busybox'])
      await expect(exec([shell, '-c', 'true'])).rejects.toMatchObject({ type: 'Invalid' });
    await expect(exec([])).rejects.toMatchObject({ type: 'Invalid' });
  });

  it('settles when the connection closes before it told how it ended', async () => {
    const exec = await podThat((socket) => {
      socket.send(channel(1, 'begun'));
      socket.close(1000);
    });
    await expect(exec()).rejects.toMatchObject({
      type: 'Unavailable',
      message: expect.stringMatching(/the connection closed before it told .* Whether it was done is not known/),
    });
  });

  it('settles at its deadline on a connection that is half open, before and after the handshake', async () => {
    const exec = await podThat((socket) => socket.send(channel(1, 'begun')));
    await expect(exec(['sleep'], 300)).rejects.toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('did not end within 0.3 s'),
    });
    const held: Socket[] = [];
    const silent: SocketServer = createSocketServer((socket) => void held.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of held) socket.destroy();
      silent.close();
    });
    await expect(execAt((silent.address() as AddressInfo).port)(['true'], 300)).rejects.toMatchObject({
      type: 'Unavailable',
    });
    await expect(execAt(1)(['true'])).rejects.toMatchObject({ type: 'Unavailable' });
  });

  it('keeps a megabyte of what it says and no more', async () => {
    const exec = await podThat((socket) => {
      for (let i = 0; i < 3; i += 1) socket.send(channel(1, 'x'.repeat(700_000)));
      socket.send(channel(3, '{"status":"Success"}'));
    });
    const { stdout, truncated } = await exec();
    expect(stdout.length).toBe(1024 * 1024);
    expect(truncated).toBe(true);
  });

  it('names the refusal that answers the handshake, and never the token', async () => {
    const server = createServer((_request, answer) => answer.writeHead(500).end());
    server.on('upgrade', (_request, socket) => {
      const body =
        '{"kind":"Status","message":"pods \\"web-1\\" is forbidden: User \\"bot\\" cannot get resource \\"pods/exec\\"","code":403}';
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const failed = await execAt((server.address() as AddressInfo).port)().catch((error: unknown) => error);
    expect(failed).toMatchObject({
      type: 'Unauthorised',
      message: expect.stringContaining('cannot get resource "pods/exec"'),
    });
    expect(JSON.stringify(failed)).not.toContain('planted-token-77');
  });
});

describe('the admin API by exec, as the runbook types it (R3.2.3)', () => {
  it('is read on every pod, set where it is not so, and read again', async () => {
    const rig = await openSimulated();
    closing.push(() => void rig.kubernetes.close());
    const service = {
      name: 'api',
      namespace: NAMESPACE,
      application: { deployment: 'noa-mcp', selector: 'app=noa-mcp', container: 'noa-mcp' },
      providers: [{ name: 'claude', fallback: 'openai' }],
      adminApi: {
        port: 8001,
        breakerPath: '/api/v1/admin/circuit-breaker/{provider}/{state}',
        failoverPath: '/api/v1/admin/providers/failover',
        providersPath: '/api/v1/providers',
      },
    } as unknown as ServicePolicy;
    const providers = createProviderActivities(createAdminClient(createPodGateway(rig.client, 'exec')));
    const target = { kind: 'provider', namespace: NAMESPACE, name: 'claude' } as const;
    const [preview] = await providers.previewProviderRemedies({
      incidentId: 'incident-a',
      keyPrefix: 'incident-a/1',
      requests: [{ action: 'provider-failover', target, parameters: {} }],
      at: '2026-03-03T09:00:00.000Z',
      service,
    });
    if (preview?.kind !== 'plan') throw new Error(preview?.reason);
    expect(Object.keys(preview.plan.before)).toHaveLength(3);
    expect(await providers.failOverProvider({ plan: preview.plan, service })).toMatchObject({ result: 'done' });
    expect(await providers.failOverProvider({ plan: preview.plan, service })).toMatchObject({ result: 'already-done' });
    expect(rig.kubernetes.adminActions.map(({ change }) => change.kind)).toEqual(['failover', 'failover', 'failover']);
  });
});
