import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type { AggregateOperator, Binary, BinaryOperator, Expr, VectorMatching } from './ast.ts';
import { COMPARISONS, SET_OPERATORS } from './ast.ts';
import { checkTypes } from './check.ts';
import { PromqlError, parseError } from './errors.ts';
import { METRIC_NAME } from './labels.ts';
import { parseDurationMs, parseNumber, parseString } from './literals.ts';
import type { Matcher, MatchOperator } from './store.ts';
import { createMatcher } from './store.ts';
import { AGGREGATIONS, FUNCTIONS } from './supported.ts';
import { unexpected } from './syntax-errors.ts';

/** Deeper nesting than any person writes; a limit so that a hostile query cannot exhaust the stack. */
const MAX_DEPTH = 200;

/** Parses and type-checks a query. Throws `PromqlError` (`bad_data`) in Prometheus's words. */
export function parsePromql(text: string): Expr {
  let expr = parsed.get(text);
  if (expr === undefined) {
    expr = parseAnew(text);
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, expr);
  }
  return expr;
}

// A tree is never changed, and what is remembered about its label sets hangs on its nodes: asked again, it is fast.
const parsed = new Map<string, Expr>();
const MAX_PARSED = 500;

function parseAnew(text: string): Expr {
  if (text.replaceAll(/#[^\n]*/g, '').trim() === '') {
    throw new PromqlError('bad_data', '1:1: parse error: no expression found in input');
  }
  const tree = parser.parse(text);
  let error: number | null = null;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError && error === null) error = node.from;
    },
  });
  if (error !== null) throw unexpected(text, error);
  const top = children(tree.topNode)[0];
  if (top === undefined) throw unexpected(text, 0);
  const expr = new Reader(text).expr(top, 0);
  checkTypes(text, expr);
  return expr;
}

class Reader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expr(node: SyntaxNode, depth: number): Expr {
    if (depth > MAX_DEPTH) throw this.#fail(node, `expression is nested deeper than ${MAX_DEPTH} levels`);
    const position = node.from;
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { kind: 'number', position, value: this.#number(node) };
      case 'StringLiteral':
        return { kind: 'string', position, value: this.#string(node) };
      case 'ParenExpr':
        return { kind: 'paren', position, expr: this.expr(only(node), depth + 1) };
      case 'UnaryExpr': {
        const [operatorNode, inner] = children(node) as [SyntaxNode, SyntaxNode];
        const operator = this.#slice(operatorNode) === '-' ? '-' : '+';
        const expr = this.expr(inner, depth + 1);
        if (expr.kind === 'number') return { ...expr, position, value: operator === '-' ? -expr.value : expr.value };
        return { kind: 'unary', position, operator, expr };
      }
      case 'VectorSelector':
        return this.#vectorSelector(node);
      case 'MatrixSelector':
        return this.#rangeSelector(node, depth);
      case 'SubqueryExpr':
        return this.#subquery(node, depth);
      case 'OffsetExpr':
        return this.#offset(node, depth);
      case 'FunctionCall':
        return this.#call(node, depth);
      case 'AggregateExpr':
        return this.#aggregate(node, depth);
      case 'BinaryExpr':
        return this.#binary(node, depth);
      default:
        throw this.#fail(node, `${node.name} is not supported: ${JSON.stringify(this.#slice(node))}`);
    }
  }

  #vectorSelector(node: SyntaxNode): Expr {
    const identifier = node.getChild('Identifier');
    const name = identifier === null ? '' : this.#slice(identifier);
    const written = node.getChild('LabelMatchers');
    const matchers: Matcher[] = written === null ? [] : children(written).map((one) => this.#matcher(one));
    if (name !== '') {
      if (matchers.some((matcher) => matcher.name === METRIC_NAME)) {
        const other = matchers.find((matcher) => matcher.name === METRIC_NAME)?.value;
        throw this.#fail(
          node,
          `metric name must not be set twice: ${JSON.stringify(name)} or ${JSON.stringify(other)}`,
        );
      }
      matchers.push(createMatcher(METRIC_NAME, '=', name));
    }
    // A selector that would match every series is nearly always a mistake, so Prometheus refuses it.
    if (matchers.every((matcher) => matcher.matches(''))) {
      throw this.#fail(node, 'vector selector must contain at least one non-empty matcher');
    }
    return { kind: 'vector-selector', position: node.from, name, matchers, offsetMs: 0 };
  }

  #matcher(node: SyntaxNode): Matcher {
    const [label, operator, value] = children(node);
    if (node.name !== 'UnquotedLabelMatcher' || !label || !operator || !value) {
      throw this.#fail(node, 'unexpected string in label matching, expected identifier or "}"');
    }
    try {
      return createMatcher(this.#slice(label), this.#slice(operator) as MatchOperator, this.#string(value));
    } catch (error) {
      if (error instanceof PromqlError && !error.message.includes('parse error')) throw this.#fail(node, error.message);
      throw error;
    }
  }

  #rangeSelector(node: SyntaxNode, depth: number): Expr {
    const [inner, duration] = children(node) as [SyntaxNode, SyntaxNode];
    const vector = this.expr(inner, depth + 1);
    if (vector.kind !== 'vector-selector') {
      throw parseError(this.#text, this.#text.indexOf('[', inner.to), 'ranges only allowed for vector selectors');
    }
    if (vector.offsetMs !== 0) throw this.#fail(node, 'no offset modifiers allowed before range');
    return { kind: 'range-selector', position: node.from, vector, rangeMs: this.#duration(duration) };
  }

  #subquery(node: SyntaxNode, depth: number): Expr {
    const [inner, range, step] = children(node) as [SyntaxNode, SyntaxNode, SyntaxNode | undefined];
    return {
      kind: 'subquery',
      position: node.from,
      expr: this.expr(inner, depth + 1),
      rangeMs: this.#duration(range),
      stepMs: step === undefined ? null : this.#duration(step),
      offsetMs: 0,
    };
  }

  #offset(node: SyntaxNode, depth: number): Expr {
    const [inner, , duration] = children(node) as [SyntaxNode, SyntaxNode, SyntaxNode];
    return this.#shifted(node, this.expr(inner, depth + 1), this.#signedDuration(duration));
  }

  #shifted(node: SyntaxNode, target: Expr, offsetMs: number): Expr {
    const twice = () => this.#fail(node, 'offset may not be set multiple times');
    switch (target.kind) {
      case 'vector-selector':
        if (target.offsetMs !== 0) throw twice();
        return { ...target, offsetMs };
      case 'range-selector':
        if (target.vector.offsetMs !== 0) throw twice();
        return { ...target, vector: { ...target.vector, offsetMs } };
      case 'subquery':
        if (target.offsetMs !== 0) throw twice();
        return { ...target, offsetMs };
      // The editor's grammar lets an offset belong to everything before it; in Prometheus it binds tightest of all.
      case 'binary':
        return { ...target, right: this.#shifted(node, target.right, offsetMs) };
      case 'unary':
        return { ...target, expr: this.#shifted(node, target.expr, offsetMs) };
      default:
        throw this.#fail(
          node,
          'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
        );
    }
  }

  #call(node: SyntaxNode, depth: number): Expr {
    const [identifier, body] = children(node) as [SyntaxNode, SyntaxNode];
    const name = this.#slice(identifier);
    if (FUNCTIONS[name] === undefined) throw this.#fail(node, `unknown function with name ${JSON.stringify(name)}`);
    const args = children(body).map((arg) => this.expr(arg, depth + 1));
    return { kind: 'call', position: node.from, name, args };
  }

  #aggregate(node: SyntaxNode, depth: number): Expr {
    const operatorNode = node.getChild('AggregateOp') as SyntaxNode;
    const operator = this.#slice(operatorNode).toLowerCase();
    const param = AGGREGATIONS[operator];
    if (param === undefined) throw this.#fail(node, `unknown aggregation with name ${JSON.stringify(operator)}`);
    const modifier = node.getChild('AggregateModifier');
    const args = children(node.getChild('FunctionCallBody') as SyntaxNode).map((arg) => this.expr(arg, depth + 1));
    const wanted = param === null ? 1 : 2;
    if (args.length === 0) throw this.#fail(node, 'no arguments for aggregate expression provided');
    if (args.length !== wanted) {
      throw this.#fail(
        node,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    return {
      kind: 'aggregate',
      position: node.from,
      operator: operator as AggregateOperator,
      param: param === null ? null : (args[0] as Expr),
      expr: args[wanted - 1] as Expr,
      without: modifier?.getChild('Without') != null,
      grouping: this.#groupingLabels(modifier?.getChild('GroupingLabels') ?? null),
    };
  }

  #binary(node: SyntaxNode, depth: number): Expr {
    const parts = children(node);
    const [leftNode, operatorNode, rightNode] = [parts[0], parts[1], parts.at(-1)] as [
      SyntaxNode,
      SyntaxNode,
      SyntaxNode,
    ];
    const operator = this.#slice(operatorNode).toLowerCase();
    if (!OPERATORS.has(operator)) throw this.#fail(node, `operator ${JSON.stringify(operator)} is not supported`);
    const fill = node.getChild('FillModifier');
    if (fill !== null) throw unexpected(this.#text, fill.from);
    const left = this.expr(leftNode, depth + 1);
    const right = this.expr(rightNode, depth + 1);
    const clause = node.getChild('MatchingModifierClause');
    const binary: Binary = {
      kind: 'binary',
      position: node.from,
      operator: operator as BinaryOperator,
      left,
      right,
      returnBool: node.getChild('BoolModifier') !== null,
      matching: this.#matching(node, clause, operatorNode),
      operatorPosition: operatorNode.from,
      matchingWritten: clause !== null,
    };
    if (binary.returnBool && !COMPARISONS.has(operator)) {
      throw this.#fail(operatorNode, 'bool modifier can only be used on comparison operators');
    }
    // The editor's grammar takes `-1` as one literal; in Prometheus the power binds tighter: -1 ^ 2 is -(1 ^ 2).
    const sign = operator === '^' && leftNode.name === 'NumberDurationLiteral' ? this.#text[leftNode.from] : '';
    if (left.kind === 'number' && (sign === '-' || sign === '+')) {
      const base = { ...left, value: sign === '-' ? -left.value : left.value };
      return { kind: 'unary', position: node.from, operator: sign, expr: { ...binary, left: base } };
    }
    return leftNode.name === 'OffsetExpr' ? climbed(left, binary) : binary;
  }

  #matching(node: SyntaxNode, clause: SyntaxNode | null, operatorNode: SyntaxNode): VectorMatching {
    const operator = this.#slice(operatorNode).toLowerCase();
    const isSetOperator = SET_OPERATORS.has(operator);
    const left = clause?.getChild('GroupLeft') != null;
    const grouped = left || clause?.getChild('GroupRight') != null;
    if (isSetOperator && grouped) throw this.#fail(node, `no grouping allowed for "${operator}" operation`);
    const lists = clause?.getChildren('GroupingLabels') ?? [];
    const on = clause?.getChild('On') != null;
    const labels = this.#groupingLabels(lists[0] ?? null);
    const include = this.#groupingLabels(lists[1] ?? null);
    const both = on ? include.find((label) => labels.includes(label)) : undefined;
    if (both !== undefined) {
      throw this.#fail(operatorNode, `label ${JSON.stringify(both)} must not occur in ON and GROUP clause at once`);
    }
    const card = isSetOperator ? 'many-to-many' : left ? 'many-to-one' : grouped ? 'one-to-many' : 'one-to-one';
    return { card, on, labels, include };
  }

  #groupingLabels(node: SyntaxNode | null): string[] {
    return node === null ? [] : node.getChildren('LabelName').map((label) => this.#slice(label));
  }

  #number(node: SyntaxNode): number {
    const value = parseNumber(this.#slice(node));
    if (value === null) throw this.#fail(node, `bad number or duration syntax: ${JSON.stringify(this.#slice(node))}`);
    return value;
  }

  #string(node: SyntaxNode): string {
    const value = parseString(this.#slice(node));
    if (value === null) throw this.#fail(node, 'invalid or unterminated quoted string');
    return value;
  }

  #duration(node: SyntaxNode): number {
    const text = this.#slice(node);
    const ms = parseDurationMs(text);
    if (ms === null || /^\d+$/.test(text)) throw this.#fail(node, `bad duration syntax: ${JSON.stringify(text)}`);
    if (ms === 0) throw this.#fail(node, 'duration must be greater than 0');
    return ms;
  }

  #signedDuration(node: SyntaxNode): number {
    const [sign, digits] = /^([+-]?)\s*(.*)$/s.exec(this.#slice(node))?.slice(1) ?? [];
    const ms = parseDurationMs(digits ?? '');
    if (ms === null || /^\d+$/.test(digits ?? '')) {
      throw this.#fail(node, `unexpected ${JSON.stringify(this.#slice(node))} in offset, expected duration`);
    }
    return sign === '-' ? -ms : ms;
  }

  #slice(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }

  #fail(node: SyntaxNode, message: string): PromqlError {
    return parseError(this.#text, node.from, message);
  }
}

const OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^', ...COMPARISONS, ...SET_OPERATORS]);

const PRECEDENCE: readonly (readonly string[])[] = [
  ['or'],
  ['and', 'unless'],
  [...COMPARISONS],
  ['+', '-'],
  ['*', '/', '%'],
  ['^'],
];

/** What an offset had taken for one side of an operator may bind less tightly than that operator. */
function climbed(left: Expr, binary: Binary): Binary {
  if (
    left.kind !== 'binary' ||
    strength(left.operator) >= strength(binary.operator) + (binary.operator === '^' ? 1 : 0)
  )
    return { ...binary, left };
  return { ...left, right: climbed(left.right, binary) };
}

function strength(operator: string): number {
  return PRECEDENCE.findIndex((level) => level.includes(operator));
}

function only(node: SyntaxNode): SyntaxNode {
  return children(node)[0] as SyntaxNode;
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') found.push(child);
  }
  return found;
}
