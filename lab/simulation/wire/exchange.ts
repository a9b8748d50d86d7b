import type { IncomingHttpHeaders } from 'node:http';

export interface WireRequest {
  readonly method: string;
  /** Without the query string, percent-encoding kept. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: Buffer;
  /** World time of arrival, milliseconds since 1970. */
  readonly atMs: number;
  /** The body as JSON; one that does not parse is answered with 400 for the handler. */
  json(): unknown;
  form(): URLSearchParams;
}

/** An object body is sent as JSON, a string as text, bytes and streams as they are. */
export interface WireResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** A word for the ledger, such as the name of what was created. */
  readonly note?: string;
}

export type WireHandler = (request: WireRequest) => WireResponse | Promise<WireResponse>;
