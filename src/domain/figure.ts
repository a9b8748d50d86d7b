/**
 * A figure that says what it is (R6.2): only `recorded` has a value, with where it comes from. `pending` may still come,
 * `not-applicable` never will, `invalid` contradicts itself. Nothing that is not known is ever zero.
 */
export type Figure =
  | {
      readonly status: 'recorded';
      readonly value: number;
      /** True when there may be more: somebody who counts part of it gave no answer, or not all of it. */
      readonly atLeast: boolean;
      readonly source: string;
    }
  | { readonly status: 'pending' | 'not-applicable' | 'invalid'; readonly why: string };
