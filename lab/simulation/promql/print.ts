import type { Aggregate, Binary, Expr, VectorSelector } from './ast.ts';
import { METRIC_NAME } from './labels.ts';
import { formatDurationMs, goFloat } from './literals.ts';

/** A query in Prometheus's canonical form, on one line. Parsing it again gives the same query. */
export function printPromql(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return goFloat(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'paren':
      return `(${printPromql(expr.expr)})`;
    case 'unary':
      return `${expr.operator}${printPromql(expr.expr)}`;
    case 'vector-selector':
      return `${selector(expr)}${offset(expr.offsetMs)}`;
    case 'range-selector':
      return `${selector(expr.vector)}[${formatDurationMs(expr.rangeMs)}]${offset(expr.vector.offsetMs)}`;
    case 'subquery': {
      const step = expr.stepMs === null ? '' : formatDurationMs(expr.stepMs);
      return `${printPromql(expr.expr)}[${formatDurationMs(expr.rangeMs)}:${step}]${offset(expr.offsetMs)}`;
    }
    case 'call':
      return `${expr.name}(${expr.args.map(printPromql).join(', ')})`;
    case 'aggregate':
      return aggregation(expr);
    case 'binary':
      return binary(expr);
  }
}

function selector({ name, matchers }: VectorSelector): string {
  const written = matchers
    .filter((matcher) => !(matcher.name === METRIC_NAME && matcher.value === name))
    .map((matcher) => `${matcher.name}${matcher.operator}${JSON.stringify(matcher.value)}`)
    .sort();
  return written.length === 0 ? name : `${name}{${written.join(',')}}`;
}

function offset(offsetMs: number): string {
  return offsetMs === 0 ? '' : ` offset ${formatDurationMs(offsetMs)}`;
}

function aggregation(expr: Aggregate): string {
  const names = expr.grouping.join(', ');
  const modifier = expr.without ? ` without (${names}) ` : expr.grouping.length > 0 ? ` by (${names}) ` : '';
  const args = expr.param === null ? [expr.expr] : [expr.param, expr.expr];
  return `${expr.operator}${modifier}(${args.map(printPromql).join(', ')})`;
}

function binary(expr: Binary): string {
  const { matching } = expr;
  const bool = expr.returnBool ? ' bool' : '';
  let modifier = '';
  if (matching.labels.length > 0 || matching.on) {
    modifier = ` ${matching.on ? 'on' : 'ignoring'} (${matching.labels.join(', ')})`;
  } else if (matching.card === 'many-to-one' || matching.card === 'one-to-many') {
    modifier = ' ignoring ()';
  }
  if (matching.card === 'many-to-one') modifier += ` group_left (${matching.include.join(', ')})`;
  if (matching.card === 'one-to-many') modifier += ` group_right (${matching.include.join(', ')})`;
  return `${printPromql(expr.left)} ${expr.operator}${bool}${modifier} ${printPromql(expr.right)}`;
}
