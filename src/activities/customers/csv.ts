import { readFile, stat } from 'node:fs/promises';
import { failure } from '../failures.ts';
import type { CustomerDirectory, DirectoryRow } from './ports.ts';

const FILE_BYTES = 200_000_000;
const COLUMNS = ['customer_id', 'email', 'user_id'] as const;
const YES = /^(1|true|yes|y)$/iu;

/** A directory exported to a file: `customer_id,email,user_id[,unsubscribed]`, a row for each user. Read anew each time. */
export function createCsvDirectory(path: string): CustomerDirectory {
  return {
    async customersOf(userIds) {
      const wanted = new Set(userIds);
      return (await directoryRows(path)).filter((row) => wanted.has(row.userId));
    },
  };
}

async function directoryRows(path: string): Promise<readonly DirectoryRow[]> {
  const text = await contents(path);
  const [header = [], ...rows] = parseCsv(text);
  const at = (name: string) => header.findIndex((column) => column.trim().toLowerCase() === name);
  const missing = COLUMNS.filter((name) => at(name) < 0);
  if (missing.length > 0) {
    throw failure(
      'Invalid',
      `The customer directory ${path} has no column ${missing.join(', ')}. Its first line names the columns: ${COLUMNS.join(',')}[,unsubscribed].`,
    );
  }
  const cell = (row: readonly string[], name: string) => (row[at(name)] ?? '').trim();
  return rows.flatMap((row) => {
    const customerId = cell(row, 'customer_id');
    if (customerId === '') return [];
    return [
      {
        customerId,
        email: cell(row, 'email') || null,
        userId: cell(row, 'user_id'),
        unsubscribed: YES.test(cell(row, 'unsubscribed')),
      },
    ];
  });
}

async function contents(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES)
      throw failure('Invalid', `The customer directory ${path} has ${size} bytes; at most ${FILE_BYTES} are read.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { type?: string }).type === 'Invalid') throw error;
    throw failure(
      'Unavailable',
      `The customer directory cannot be read: ${(error as Error).message}. Correct CUSTOMERS_CSV, or put the file there.`,
    );
  }
}

/** RFC 4180: quoted cells may hold commas, line breaks and doubled quotes. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const clean = text.replace(/^\ufeff/u, '');
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== '') rows.push(row);
    row = [];
    cell = '';
  };
  for (let index = 0; index < clean.length; index += 1) {
    const character = clean[index] as string;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (clean[index + 1] === '"') {
        cell += '"';
        index += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      row.push(cell);
      cell = '';
    } else if (character === '\n') endRow();
    else if (character !== '\r') cell += character;
  }
  endRow();
  return rows;
}
