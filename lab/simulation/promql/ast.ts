import type { Matcher } from './store.ts';

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<='
  | 'and'
  | 'or'
  | 'unless';

export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'quantile'
  | 'count_values';

/** How the series of two vectors find each other. */
export interface VectorMatching {
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly include: readonly string[];
}

/** `position` is the character offset of the node in the text, for messages. */
interface Node {
  readonly position: number;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
}
export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}
export interface VectorSelector extends Node {
  readonly kind: 'vector-selector';
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
}
export interface RangeSelector extends Node {
  readonly kind: 'range-selector';
  readonly vector: VectorSelector;
  readonly rangeMs: number;
}
export interface Subquery extends Node {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly stepMs: number | null;
  readonly offsetMs: number;
}
export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}
export interface Aggregate extends Node {
  readonly kind: 'aggregate';
  readonly operator: AggregateOperator;
  readonly param: Expr | null;
  readonly expr: Expr;
  readonly without: boolean;
  readonly grouping: readonly string[];
}
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly operatorPosition: number;
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
  /** Whether the text said on(), ignoring() or group_x(); a default matching is never complained about. */
  readonly matchingWritten: boolean;
}
export interface Unary extends Node {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Expr;
}
export interface Paren extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | RangeSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Paren;

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
export const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
