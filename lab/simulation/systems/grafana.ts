import { deflateSync } from 'node:zlib';
import { GRAFANA_REQUEST_RULES } from '../vendor-rules/grafana.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';

export interface GrafanaAnnotation {
  readonly id: number;
  readonly time: number;
  readonly timeEnd: number;
  readonly text: string;
  readonly tags: readonly string[];
}

export interface Grafana {
  readonly annotations: readonly GrafanaAnnotation[];
  /** `missing`: it sends its placeholder as a page of HTML; `hangs`: a panel that never finishes. */
  renderer: 'works' | 'missing' | 'hangs' | 'error';
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

const MOST_PIXELS = 3000;
const MOST_TAGS = 50;

export function createGrafana(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly token: string;
  /** What the token's service account may do; all of it when left out. */
  readonly permissions?: readonly string[];
}): Grafana {
  const annotations: GrafanaAnnotation[] = [];
  const permissions = options.permissions ?? ['annotations:read', 'annotations:create', 'dashboards:read'];
  const server = createWireServer({
    system: 'grafana',
    clock: options.clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: { unauthorised: () => ({ status: 401, body: { message: 'Invalid API key' } }) },
    rules: {
      all: GRAFANA_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === `Bearer ${options.token}`,
      refuse: ({ status, says }) => {
        const [message = '', error] = says.split(': ');
        return { status, body: { message, ...(error === undefined ? {} : { error }) } };
      },
    },
    notFound: () => ({ status: 404, body: { message: 'Not found' } }),
  });
  const self: Grafana = {
    annotations,
    renderer: 'works',
    listen: (port) => server.listen(port),
    close: () => server.close(),
  };

  const guarded =
    (permission: string | null, handler: WireHandler): WireHandler =>
    (request) => {
      if (request.headers.authorization !== `Bearer ${options.token}`)
        return { status: 401, body: { message: 'Invalid API key' } };
      if (permission !== null && !permissions.includes(permission))
        return {
          status: 403,
          body: {
            title: 'Access denied',
            message: `You'll need additional permissions to perform this action. Permissions needed: ${permission}`,
          },
        };
      return handler(request);
    };

  server.route(
    'GET',
    '/api/access-control/user/permissions',
    guarded(null, () => ({
      status: 200,
      body: Object.fromEntries(permissions.map((name) => [name, ['*']])),
    })),
  );
  server.route(
    'GET',
    '/api/annotations',
    guarded('annotations:read', (request) => {
      const tags = request.query.getAll('tags');
      const any = request.query.get('matchAny') === 'true';
      const found = annotations.filter((one) =>
        any ? tags.some((tag) => one.tags.includes(tag)) : tags.every((tag) => one.tags.includes(tag)),
      );
      const limit = Number(request.query.get('limit') ?? 100);
      return { status: 200, body: [...found].reverse().slice(0, limit) };
    }),
  );
  server.route(
    'POST',
    '/api/annotations',
    guarded('annotations:create', (request) => {
      const wanted = request.json() as Partial<GrafanaAnnotation>;
      const { text, time = options.clock(), timeEnd = time, tags = [] } = wanted;
      if (typeof text !== 'string' || text === '')
        return { status: 400, body: { message: 'Failed to save annotation', error: 'text field should not be empty' } };
      if (!Number.isInteger(time) || !Number.isInteger(timeEnd) || timeEnd < time || tags.length > MOST_TAGS)
        return { status: 400, body: { message: 'bad request data' } };
      const id = annotations.length + 1;
      annotations.push({ id, time, timeEnd, text, tags });
      return { status: 200, body: { message: 'Annotation added', id }, note: text.slice(0, 60) };
    }),
  );
  server.route('GET', '/render/d-solo/:uid/:slug', guarded('dashboards:read', render));

  function render(request: WireRequest): WireResponse | Promise<WireResponse> {
    const number = (name: string) => Number(request.query.get(name) ?? Number.NaN);
    const [panelId, from, to, width, height] = ['panelId', 'from', 'to', 'width', 'height'].map(number);
    if (![panelId, from, to].every(Number.isInteger) || (from ?? 0) >= (to ?? 0))
      return { status: 400, body: { message: 'bad request data' } };
    switch (self.renderer) {
      case 'missing':
        return {
          status: 200,
          headers: { 'content-type': 'text/html' },
          body: '<html>No image renderer available</html>',
        };
      case 'error':
        return { status: 500, body: { message: 'Rendering failed' } };
      case 'hangs':
        return new Promise(() => undefined);
      case 'works': {
        const size = (wanted: number | undefined, usual: number) =>
          Math.min(MOST_PIXELS, Math.max(1, Number.isInteger(wanted) ? (wanted as number) : usual));
        const png = pictureOf(size(width, 1000), size(height, 500), panelId ?? 0);
        return { status: 200, headers: { 'content-type': 'image/png' }, body: png };
      }
    }
  }

  return self;
}

/** A real PNG: one grey level a panel, with a line through its middle. */
function pictureOf(width: number, height: number, panelId: number): Buffer {
  const rows = Buffer.alloc((width + 1) * height, 0xf0 - ((panelId * 7) % 64));
  for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0;
  rows.fill(0x20, Math.floor(height / 2) * (width + 1) + 1, Math.floor(height / 2) * (width + 1) + 1 + width);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
