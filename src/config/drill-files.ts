import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const MOST_FILES = 500;

const check = z.object({ check: z.string(), expected: z.unknown(), actual: z.unknown(), passed: z.boolean() });
const minutes = z.number().nullable();
const report = z.object({
  passed: z.boolean(),
  checks: z.array(check),
  invariants: z.array(check),
  incidents: z.array(
    z.object({
      id: z.string(),
      severity: z.string().nullable(),
      cause: z.object({ kind: z.string(), names: z.array(z.string()), confidence: z.number() }).nullable(),
      actions: z.array(z.object({ action: z.string(), target: z.string(), at: z.string(), outcome: z.string() })),
      minutes: z.object({ acknowledged: minutes, causeKnown: minutes, mitigated: minutes, resolved: minutes }),
      promises: z.object({ kept: z.number(), late: z.number(), missed: z.number() }),
      timeline: z.array(z.object({ at: z.string(), kind: z.string(), text: z.string() })),
    }),
  ),
  failedRequests: z.number(),
  wallSeconds: z.number(),
});
/** `incident drill run` keeps one of each drill, the last. */
const kept = z.object({ playedAt: z.iso.datetime(), report });
export type KeptReport = z.infer<typeof kept>;

export interface DrillOfFolder {
  readonly name: string;
  readonly about: string;
  /** The runbook's rows that the file says it is about. */
  readonly rows: readonly string[];
  /** Null: none was kept here, or what was kept cannot be read. */
  readonly last: KeptReport | null;
}

/** The drills of a folder, by name, each with its last report; none when there is no such folder. */
export async function drillFiles(folder: string, reportsFolder: string): Promise<readonly DrillOfFolder[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.slice(0, MOST_FILES).map(async (file) => {
      const name = basename(file, '.yaml');
      const text = await readFile(join(folder, file), 'utf8').catch(() => '');
      return { name, about: aboutOf(text), rows: rowsOf(text), last: await lastReport(reportsFolder, name) };
    }),
  );
}

async function lastReport(folder: string, name: string): Promise<KeptReport | null> {
  try {
    return kept.parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')));
  } catch {
    return null;
  }
}

/** `R3.2.4`, as comments and sentences of the file cite them. */
function rowsOf(text: string): readonly string[] {
  const found = new Set([...text.matchAll(/\bR\d{1,2}(?:\.\d{1,2}){0,2}\b/g)].map(([row]) => row));
  return [...found].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function aboutOf(text: string): string {
  try {
    const about = (parse(text) as { about?: unknown } | null)?.about;
    return typeof about === 'string' ? about.trim() : '';
  } catch {
    return 'This file cannot be read as YAML.';
  }
}
