import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PublicFile {
  readonly path: string;
  readonly mediaType: string;
  readonly body: Buffer;
  readonly tag: string;
}

const FOLDER = join(import.meta.dirname, 'public');
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The files that browsers are given, read once: no path of a request ever reaches the disk. */
export function publicFiles(): readonly PublicFile[] {
  return readdirSync(FOLDER).map((path) => {
    const body = readFileSync(join(FOLDER, path));
    const tag = `"${createHash('sha256').update(body).digest('hex').slice(0, 24)}"`;
    return { path, body, tag, mediaType: MEDIA_TYPES[extname(path)] ?? 'application/octet-stream' };
  });
}
