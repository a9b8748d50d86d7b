// The little of PostgreSQL's wire protocol (version 3) that a front door needs: start-up, errors, message borders.

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const PROTOCOL_3 = 196608;
/** No real client sends more in one message to a simulated database. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export type StartUp =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'encryption'; readonly bytes: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'start'; readonly bytes: number; readonly parameters: ReadonlyMap<string, string> };

export function readStartUp(buffer: Buffer): StartUp {
  if (buffer.length < 8) return { kind: 'incomplete' };
  const bytes = buffer.readInt32BE(0);
  const code = buffer.readInt32BE(4);
  if (bytes < 8 || bytes > MAX_MESSAGE_BYTES) return { kind: 'unknown' };
  if (buffer.length < bytes) return { kind: 'incomplete' };
  if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: 'encryption', bytes };
  if (code === CANCEL_REQUEST) return { kind: 'cancel' };
  if (code !== PROTOCOL_3) return { kind: 'unknown' };
  const parts = buffer
    .subarray(8, bytes - 1)
    .toString('utf8')
    .split('\0');
  const parameters = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) parameters.set(parts[i] ?? '', parts[i + 1] ?? '');
  return { kind: 'start', bytes, parameters };
}

/**
 * Takes whole messages up to and including the next one that asks for an answer (Query, Sync, Terminate); null while
 * more bytes are needed. Everything up to a Sync runs together, so that no other client comes in between.
 */
export function takeBatch(
  buffer: Buffer,
): { readonly batch: Buffer; readonly rest: Buffer; readonly ends: 'query' | 'terminate' } | null {
  let offset = 0;
  while (offset + 5 <= buffer.length) {
    const type = String.fromCharCode(buffer[offset] ?? 0);
    const end = offset + 1 + buffer.readInt32BE(offset + 1);
    if (end > buffer.length) return null;
    if (type === 'X') return { batch: buffer.subarray(0, offset), rest: Buffer.alloc(0), ends: 'terminate' };
    if (type === 'Q' || type === 'S')
      return { batch: buffer.subarray(0, end), rest: buffer.subarray(end), ends: 'query' };
    offset = end;
  }
  return null;
}

/** AuthenticationOk, parameters, key data and ReadyForQuery: the session may begin. */
export function welcome(parameters: ReadonlyMap<string, string>, pid: number): Buffer {
  const statuses = [...parameters].map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`)));
  const key = Buffer.alloc(8);
  key.writeInt32BE(pid, 0);
  key.writeInt32BE(pid * 7919, 4);
  return Buffer.concat([message('R', Buffer.alloc(4)), ...statuses, message('K', key), message('Z', Buffer.from('I'))]);
}

export function errorResponse(severity: 'FATAL' | 'ERROR', code: string, words: string): Buffer {
  return message('E', Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${words}\0\0`));
}

export function readyForQuery(): Buffer {
  return message('Z', Buffer.from('I'));
}

/** A simple query as a client would send it. */
export function queryMessage(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`));
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'ascii');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
