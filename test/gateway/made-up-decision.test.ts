import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = 'src/domain/decisions';
const PAGE = 'docs/what-people-decide.md';

const MADE_UP = `import { always } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const callVendor = decision({
  name: 'call-vendor',
  order: 75,
  verb: 'Call the vendor',
  about: 'The vendor is called, and called again after so long.',
  also: ['vendor'],
  roles: COMMAND,
  fields: { minutes: { kind: 'minutes', label: 'Again after', most: 120 }, because: BECAUSE },
  example: { minutes: 30, because: 'their queue is stuck' },
  possible: always,
  decide: (_state, { minutes, because }) => ({
    facts: [{ kind: 'noted', text: \`vendor called, again in \${minutes}: \${because}\` }],
    effect: 'The vendor is being called.',
  }),
});
`;

/** What the doors of the copy make of it. */
const PROBE = `import { createProgram } from './src/cli/program.ts';
import { decisionForm } from './src/console/decision-forms.ts';
import { readDecisionBody } from './src/gateway/decision-schemas.ts';
import { openApi } from './src/gateway/openapi.ts';
import { readCommandLine } from './src/gateway/slack/command-line.ts';
import { decisionModal } from './src/views/chat-modals.ts';
import { mayDecide } from './src/domain/authority.ts';
import { ACT_SCHEMAS } from './lab/rehearsal/drill-schema.ts';

const name = 'call-vendor' as never;
const memory = { name, incidentId: 'incident-20241023-1430', given: {}, channel: null, responseUrl: null };
const program = createProgram({} as never, '1', null).command;
const act = { who: 'alice', at: '5m', does: name, for: '20m', because: 'x' };
console.log(JSON.stringify({
  modal: decisionModal(memory, 'Errors', {}),
  form: decisionForm(name, { incidentId: 'i', roles: ['commander'], people: [] })?.text,
  help: program.commands.find((command) => command.name() === name)?.helpInformation(),
  api: openApi(),
  body: readDecisionBody(name, { minutes: '1h30m', because: 'x' }, '2024-10-23T14:50:00.000Z'),
  chat: readCommandLine('vendor 1430 20m their queue is stuck'),
  barred: mayDecide(name, ['responder']),
  act: ACT_SCHEMAS[name as 'snooze'].safeParse(act).success,
}));
`;

interface Found {
  readonly modal: {
    readonly title: { readonly text: string };
    readonly blocks: readonly { readonly block_id?: string }[];
  };
  readonly form: string;
  readonly help: string;
  readonly api: {
    readonly openapi: string;
    readonly paths: unknown;
    readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
  };
  readonly body: unknown;
  readonly chat: unknown;
  readonly barred: string | null;
  readonly act: boolean;
}

describe('a decision that is made up, as one file in a copy of the tree', () => {
  let copy: string;
  let found: Found;

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'made-up-decision-'));
    for (const part of ['src', 'scripts', 'docs', 'lab', 'package.json'])
      await cp(join(ROOT, part), join(copy, part), {
        recursive: true,
        filter: (path) => basename(path) !== 'node_modules',
      });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    await writeFile(join(copy, FOLDER, 'call-vendor.ts'), MADE_UP);
    await writeFile(join(copy, 'probe.ts'), PROBE);
    await run('scripts/decisions.ts');
    found = JSON.parse(await run('probe.ts')) as Found;
  }, 180_000);
  afterAll(() => rm(copy, { recursive: true, force: true }));

  async function run(script: string): Promise<string> {
    const tsx = join(ROOT, 'node_modules/.bin/tsx');
    return (await promisify(execFile)(tsx, [script], { cwd: copy, maxBuffer: 16_000_000 })).stdout;
  }

  it('is a modal and a command of Slack', () => {
    expect(found.modal.title.text).toBe('Call the vendor');
    expect(found.modal.blocks.map((block) => block.block_id)).toEqual([undefined, 'minutes', 'because']);
    expect(found.chat).toMatchObject({ kind: 'decision', name: 'call-vendor', reference: '1430' });
  });

  it('is a form of the console, for whoever may', () => {
    expect(found.form).toContain('data-decision="call-vendor"');
    for (const field of ['minutes', 'because']) expect(found.form).toContain(`name="${field}"`);
    expect(found.barred).toMatch(/"call-vendor" takes one of these roles: commander/);
  });

  it('is a command with its help', () => {
    expect(found.help).toContain('call-vendor [incident] <duration> --because <text>');
    expect(found.help).toContain('the vendor is called, and called again after so long');
  });

  it('is in the API’s schema, and its body is read', () => {
    expect(found.api.openapi).toBe('3.1.0');
    expect(JSON.stringify(found.api.paths)).toContain('"call-vendor":"#/components/schemas/call-vendor"');
    expect(found.api.components.schemas['call-vendor']).toMatchObject({
      title: 'Call the vendor',
      properties: {
        name: { const: 'call-vendor' },
        body: { required: ['minutes', 'because'], additionalProperties: false },
      },
      examples: [{ body: { minutes: 30, because: 'their queue is stuck' } }],
    });
    expect(found.body).toEqual({ ok: true, body: { minutes: 90, because: 'x' } });
  });

  it('is in the documentation, and something that people of drills do', async () => {
    const page = await readFile(join(copy, PAGE), 'utf8');
    expect(page).toContain('| Call the vendor (`call-vendor`) | The vendor is called');
    expect(page).toContain('`call-vendor 30m --because "their queue is stuck"`');
    expect(found.act).toBe(true);
  });
});
