import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pc from 'picocolors';
import { addDrillCommands } from '../../lab/cli/commands.ts';
import type { Io } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';
import { type FakeGateway, TOKEN } from './fake-gateway.ts';

export const REPOSITORY = resolve(import.meta.dirname, '../..');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** 14:50 UTC on the day of the runbook's own incident (R9). */
export const NOW_MS = Date.parse('2024-10-23T14:50:00.000Z');

/** A repository root of its own, so that a demo that happens to run here is never found. */
export function emptyRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'incident-cli-'));
  writeFileSync(join(root, 'package.json'), '{"version":"9.9.9"}');
  return root;
}

/** Runs `incident …` in this process. */
export async function run(gateway: FakeGateway | null, argv: readonly string[], over: Partial<Io> = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    env: { INCIDENT_URL: gateway?.url, INCIDENT_TOKEN: TOKEN },
    cwd: REPOSITORY,
    root: emptyRoot(),
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    draw: (text) => out.push(text),
    colours: pc.createColors(false),
    terminal: () => null,
    onResize: () => () => {},
    signal: new AbortController().signal,
    nowMs: () => NOW_MS,
    ...over,
  };
  const code = await main(argv, io, async () => addDrillCommands);
  return { code, out: out.join('\n'), err: err.join('\n') };
}
