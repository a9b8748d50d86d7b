import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asking {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A certificate authority of the system’s own, PEM. */
  readonly ca?: string;
}

export const DEADLINE_MS = 5_000;
const LARGEST_ANSWER = 2_000_000;

/** One HTTP request with a deadline. Rejects with a sentence's worth of reason when there was no whole answer. */
export function ask(url: string, { method = 'GET', headers = {}, body, ca }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(
      url,
      {
        method,
        headers: { 'user-agent': 'incident-doctor', ...headers },
        ca,
        signal: AbortSignal.timeout(DEADLINE_MS),
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (text.length > LARGEST_ANSWER) request.destroy(new Error('the answer is too large'));
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
        answer.on('error', (error) => reject(new Error(reasonOf(error))));
      },
    );
    request.on('error', (error) => reject(new Error(reasonOf(error))));
    request.end(body);
  });
}

export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return `no answer within ${DEADLINE_MS / 1000} s`;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known';
  return error.message || error.name;
}

export function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
