/** The error types of Prometheus's HTTP envelope that a query can produce. */
export type PromqlErrorType = 'bad_data' | 'execution';

/**
 * A query that Prometheus would refuse, in its own words.
 * `bad_data` is a fault of the text (HTTP 400), `execution` one found while evaluating (HTTP 422).
 */
export class PromqlError extends Error {
  readonly errorType: PromqlErrorType;

  constructor(errorType: PromqlErrorType, message: string) {
    super(message);
    this.name = 'PromqlError';
    this.errorType = errorType;
  }
}

/** A parse error with Prometheus's `line:column: parse error:` prefix; `offset` counts characters from 0. */
export function parseError(text: string, offset: number, message: string): PromqlError {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return new PromqlError('bad_data', `${line}:${column}: parse error: ${message}`);
}

export function executionError(message: string): PromqlError {
  return new PromqlError('execution', message);
}
