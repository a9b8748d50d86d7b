/** One server-sent event; `retryMs` is set when the server said how long to wait before coming back. */
export interface ServerEvent {
  readonly id: string | null;
  readonly name: string;
  readonly data: string;
  readonly retryMs: number | null;
}

/** A message longer than this is no event of ours. */
const MESSAGE_CHARACTERS = 5_000_000;

/** Reads `text/event-stream` as it arrives, in chunks cut anywhere. Comments (heartbeats) are skipped. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true });
    if (buffer.length > MESSAGE_CHARACTERS) throw new Error('The gateway sent an event that does not end.');
    const messages = buffer.split(/\r?\n\r?\n/);
    buffer = messages.pop() ?? '';
    for (const message of messages) yield parse(message);
  }
}

function parse(message: string): ServerEvent {
  let id: string | null = null;
  let name = 'message';
  let retryMs: number | null = null;
  const data: string[] = [];
  for (const line of message.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    else if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  }
  return { id, name, data: data.join('\n'), retryMs };
}
