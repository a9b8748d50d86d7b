import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands on the wire before a system; when the answer to a request that it knows comes back, nobody hears it. */
export interface DeafProxy {
  readonly url: string;
  /** The next request that matches is carried out, and nobody hears of it: the client is cut off, or hears silence. */
  loseAnswerOf(request: RegExp, how?: 'cut' | 'silence'): void;
  close(): void;
}

/** `hears` gets all that clients say. */
export async function deafProxy(url: string, hears: (chunk: Buffer) => void = () => {}): Promise<DeafProxy> {
  const target = new URL(url);
  const [host, port] = [target.hostname, Number(target.port)];
  const sockets = new Set<Socket>();
  let pattern: RegExp | null = null;
  let manner: 'cut' | 'silence' = 'cut';
  const server = createServer((client) => {
    const upstream = connect(port, host);
    let deaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.on('data', (chunk) => {
      hears(chunk);
      if (pattern?.test(chunk.toString('latin1')) === true) {
        pattern = null;
        deaf = true;
      }
      upstream.write(chunk);
    });
    // What comes back after the request says that it is done: that much is waited for.
    upstream.on('data', (chunk) => {
      if (!deaf) client.write(chunk);
      else if (manner === 'cut') client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target.port = String((server.address() as AddressInfo).port);
  return {
    url: target.toString(),
    loseAnswerOf(request, how = 'cut') {
      pattern = request;
      manner = how;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
