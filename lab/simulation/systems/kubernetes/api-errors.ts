import type { WireResponse } from '../../wire/exchange.ts';
import { WireError } from '../../wire/server.ts';

export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'Conflict'
  | 'Invalid'
  | 'BadRequest'
  | 'UnsupportedMediaType'
  | 'MethodNotAllowed'
  | 'ServiceUnavailable'
  | 'InternalError'
  | 'TooManyRequests';

const CODES: Readonly<Record<StatusReason, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  Invalid: 422,
  BadRequest: 400,
  UnsupportedMediaType: 415,
  MethodNotAllowed: 405,
  ServiceUnavailable: 503,
  InternalError: 500,
  TooManyRequests: 429,
};

/** A metav1.Status, as the API server answers failures. */
export function statusAnswer(reason: StatusReason, message: string, details?: Record<string, unknown>): WireResponse {
  const code = CODES[reason];
  return {
    status: code,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    },
  };
}

export function refuse(reason: StatusReason, message: string, details?: Record<string, unknown>): never {
  throw new WireError(statusAnswer(reason, message, details));
}
