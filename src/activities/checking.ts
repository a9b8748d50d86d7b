import { metBy } from './failures.ts';
import { reasonOf, type SystemFinding, unreachable } from './finding.ts';

/** What a client's call came to, in the terms of the wire. Throws what never got an answer. */
export interface Answered<T> {
  readonly status: number;
  /** Of failures.ts; null when the call succeeded. */
  readonly type: string | null;
  /** Null when it failed. */
  readonly value: T | null;
  readonly words: string;
}

/** One call of the client that the product uses, told by its status: rights are told apart by it. */
export async function answered<T>(call: () => Promise<T>): Promise<Answered<T>> {
  try {
    return { status: 200, type: null, value: await call(), words: '' };
  } catch (error) {
    const { type = null, message } = error as { readonly type?: string; readonly message: string };
    const met = metBy(error);
    if (met === null) return { status: 200, type, value: null, words: message };
    if (met.status === null) throw error;
    return { status: met.status, type, value: null, words: message };
  }
}

/** A check of one address: whatever gets no answer there is away, with the reason. */
export async function asked(
  system: string,
  address: string,
  variable: string,
  check: (base: string) => Promise<SystemFinding>,
  advice = `Let this machine reach it, or correct ${variable}.`,
): Promise<SystemFinding> {
  const base = address.replace(/\/+$/, '');
  try {
    return await check(base);
  } catch (error) {
    return unreachable(system, `${base}: ${reasonOf(error)}`, advice);
  }
}

export const LOOK_AT_IT = 'Try again; when it stays so, look at its own log.';

export function isRefusal({ status }: { readonly status: number }): boolean {
  return status === 401 || status === 403;
}
