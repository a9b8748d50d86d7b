/** What was read. `away`: Temporal or every worker does not answer; `not-found`: it knows no such incident. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: 'not-found' | 'away'; readonly words: string };
