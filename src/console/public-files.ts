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

/** One sheet in this order, so that a page loads one: of two rules that weigh the same the later one holds. */
const STYLES = ['frame', 'incident-list', 'incident', 'forms', 'pages', 'small-screens'];

/** The files that browsers are given, read once: no path of a request ever reaches the disk. */
export function publicFiles(): readonly PublicFile[] {
  const whole = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => publicFile(name, readFileSync(join(FOLDER, name))));
  const styles = STYLES.map((name) => readFileSync(join(FOLDER, 'styles', `${name}.css`)));
  return [...whole, publicFile('console.css', Buffer.concat(styles))];
}

function publicFile(path: string, body: Buffer): PublicFile {
  const tag = `"${createHash('sha256').update(body).digest('hex').slice(0, 24)}"`;
  return { path, body, tag, mediaType: MEDIA_TYPES[extname(path)] ?? 'application/octet-stream' };
}
