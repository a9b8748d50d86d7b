import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { claimPort, freePort, isFree, isListening, releasePort } from '../../embedded/ports.ts';

const servers: Server[] = [];

function listen(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('ports', () => {
  it('hands out ports that can be listened on, none of them twice', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, freePort));
    expect(new Set(ports).size).toBe(50);
    await listen(ports[0] ?? 0);
    expect(await isListening(ports[0] ?? 0)).toBe(true);
    expect(await isFree(ports[0] ?? 0)).toBe(false);
    expect(await isListening(ports[1] ?? 0)).toBe(false);
  });

  it('claims the preferred port without a note when it is free', async () => {
    const preferred = await freePort();
    releasePort(preferred);
    expect(await claimPort(preferred)).toEqual({ port: preferred, note: null });
  });

  it('goes to the next free port and says so when the preferred one is in use', async () => {
    const preferred = await freePort();
    releasePort(preferred);
    await listen(preferred);
    const claimed = await claimPort(preferred);
    expect(claimed.port).toBeGreaterThan(preferred);
    expect(claimed.note).toBe(`Port ${preferred} is in use; using ${claimed.port} instead.`);
    await listen(claimed.port);
  });

  it('does not promise one port to two askers', async () => {
    const preferred = await freePort();
    releasePort(preferred);
    const first = await claimPort(preferred);
    const second = await claimPort(preferred);
    expect(second.port).not.toBe(first.port);
  });
});
