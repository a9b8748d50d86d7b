// Redis's wire protocol, as far as a server that is asked about itself needs it: RESP2, and the types RESP3 adds.

const MAX_COMMAND_BYTES = 1024 * 1024;
const MAX_WORDS = 1024;

export interface ReadCommand {
  readonly bytes: number;
  /** Null when this is no command at all: the real server hangs up. */
  readonly words: readonly string[] | null;
}

/** The next whole command, as an array of bulk strings or inline; null while more bytes are needed. */
export function readCommand(buffer: Buffer): ReadCommand | null {
  if (buffer.length === 0) return null;
  if (buffer.length > MAX_COMMAND_BYTES) return { bytes: buffer.length, words: null };
  const line = lineAt(buffer, 0);
  if (line === null) return null;
  if (!line.text.startsWith('*'))
    return { bytes: line.end, words: line.text.split(/\s+/).filter((word) => word !== '') };
  const count = Number(line.text.slice(1));
  if (!Number.isInteger(count) || count > MAX_WORDS) return { bytes: line.end, words: null };
  const words: string[] = [];
  let offset = line.end;
  for (let index = 0; index < count; index++) {
    const head = lineAt(buffer, offset);
    if (head === null) return null;
    const size = Number(head.text.slice(1));
    if (!head.text.startsWith('$') || !Number.isInteger(size) || size < 0) return { bytes: head.end, words: null };
    if (buffer.length < head.end + size + 2) return null;
    words.push(buffer.subarray(head.end, head.end + size).toString('utf8'));
    offset = head.end + size + 2;
  }
  return { bytes: offset, words };
}

export function simple(text: string): Buffer {
  return Buffer.from(`+${text}\r\n`);
}

export function error(text: string): Buffer {
  return Buffer.from(`-${text}\r\n`);
}

export function integer(value: number): Buffer {
  return Buffer.from(`:${value}\r\n`);
}

export function bulk(text: string): Buffer {
  return Buffer.from(`$${Buffer.byteLength(text)}\r\n${text}\r\n`);
}

export function nothing(protocol: 2 | 3): Buffer {
  return Buffer.from(protocol === 3 ? '_\r\n' : '$-1\r\n');
}

/** Text with a format, which RESP3 has a type for. */
export function verbatim(text: string, protocol: 2 | 3): Buffer {
  return protocol === 2 ? bulk(text) : Buffer.from(`=${Buffer.byteLength(text) + 4}\r\ntxt:${text}\r\n`);
}

export function list(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items]);
}

/** A map in RESP3; before it, names and values take turns in an array. */
export function map(entries: readonly (readonly [string, Buffer])[], protocol: 2 | 3): Buffer {
  const head = protocol === 3 ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`;
  return Buffer.concat([Buffer.from(head), ...entries.flatMap(([name, value]) => [bulk(name), value])]);
}

function lineAt(buffer: Buffer, from: number): { readonly text: string; readonly end: number } | null {
  const end = buffer.indexOf('\n', from);
  if (end < 0) return null;
  return { text: buffer.subarray(from, end).toString('utf8').replace(/\r$/, ''), end: end + 1 };
}
