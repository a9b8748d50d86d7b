import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { failure } from '../failures.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;
const MAX_BYTES = 8 * 1024 * 1024;
const EXCERPT_CHARACTERS = 500;
/** The version whose output is known; the order of objects and fixes of single transformers differ between majors. */
const VERSION = /\bv?5\.\d+\.\d+\b/;
const PROGRAMS = [
  { program: 'kustomize', version: ['version'], build: ['build'] },
  { program: 'kubectl', version: ['version', '--client'], build: ['kustomize'] },
] as const;

/** Renders a folder (an absolute path) with the real kustomize; the answer is YAML. */
export type BuildWithKustomize = (folder: string) => Promise<string>;

/** kustomize v5, by itself or in kubectl, where either is on the PATH; null where neither is. */
export async function installedKustomize(): Promise<BuildWithKustomize | null> {
  for (const { program, version, build } of PROGRAMS) {
    const said = await run(program, [...version], { timeout: TIMEOUT_MS }).catch(() => null);
    const kustomize = said?.stdout.split('\n').find((line) => program === 'kustomize' || /^Kustomize/.test(line));
    if (VERSION.test(kustomize ?? '')) return (folder) => built(program, [...build, folder]);
  }
  return null;
}

async function built(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args], { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES })).stdout;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const why = stderr.trim().replaceAll(/\s+/g, ' ').slice(0, EXCERPT_CHARACTERS);
    throw failure('Invalid', `${program} does not render ${args.at(-1)}: ${why === '' ? message : why}`);
  }
}
