import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';

const MOST_FILES = 500;

/** The drills of a folder, by name, with the sentence each says about itself; none when there is no such folder. */
export async function drillFiles(
  folder: string,
): Promise<readonly { readonly name: string; readonly about: string }[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.slice(0, MOST_FILES).map(async (file) => {
      const name = basename(file, '.yaml');
      return { name, about: aboutOf(await readFile(join(folder, file), 'utf8').catch(() => '')) };
    }),
  );
}

function aboutOf(text: string): string {
  try {
    const about = (parse(text) as { about?: unknown } | null)?.about;
    return typeof about === 'string' ? about.trim() : '';
  } catch {
    return 'This file cannot be read as YAML.';
  }
}
