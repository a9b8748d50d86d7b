import type { Binary, Call, Expr, ValueType } from './ast.ts';
import { COMPARISONS, SET_OPERATORS } from './ast.ts';
import { parseError } from './errors.ts';
import { AGGREGATIONS, FUNCTIONS } from './supported.ts';

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

/** Prometheus's documented name of a value type, as its messages use it. */
export function typeName(type: ValueType): string {
  return TYPE_NAMES[type];
}

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector-selector':
    case 'aggregate':
      return 'vector';
    case 'range-selector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return FUNCTIONS[expr.name]?.returns ?? 'vector';
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'unary':
    case 'paren':
      return typeOf(expr.expr);
  }
}

/** Checks the whole tree before anything is evaluated. Throws `bad_data` with the position of the culprit. */
export function checkTypes(text: string, expr: Expr): void {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'range-selector':
      return;
    case 'subquery':
      checkTypes(text, expr.expr);
      if (typeOf(expr.expr) !== 'vector') {
        const got = typeName(typeOf(expr.expr));
        throw parseError(text, expr.position, `subquery is only allowed on instant vector, got ${got} instead`);
      }
      return;
    case 'call':
      checkCall(text, expr);
      return;
    case 'aggregate':
      expect(text, expr.expr, 'vector', 'aggregation expression');
      if (expr.param !== null) {
        expect(text, expr.param, AGGREGATIONS[expr.operator] ?? 'scalar', 'aggregation parameter');
      }
      return;
    case 'binary':
      checkBinary(text, expr);
      return;
    case 'paren':
      checkTypes(text, expr.expr);
      return;
    case 'unary': {
      checkTypes(text, expr.expr);
      const type = typeOf(expr.expr);
      if (type !== 'scalar' && type !== 'vector') {
        const wanted = 'unary expression only allowed on expressions of type scalar or instant vector';
        throw parseError(text, expr.position, `${wanted}, got ${JSON.stringify(typeName(type))}`);
      }
    }
  }
}

function checkCall(text: string, call: Call): void {
  const signature = FUNCTIONS[call.name];
  if (signature === undefined) {
    throw parseError(text, call.position, `unknown function with name ${JSON.stringify(call.name)}`);
  }
  const { args, optional } = signature;
  const least = args.length - (optional === 'many' ? 1 : optional);
  const count = optional === 0 ? args.length : call.args.length < least ? least : args.length;
  const limit = optional === 0 ? '' : call.args.length < least ? 'at least ' : 'at most ';
  if (call.args.length < least || (optional !== 'many' && call.args.length > args.length)) {
    const wanted = `expected ${limit}${count} argument(s) in call to ${JSON.stringify(call.name)}`;
    throw parseError(text, call.position, `${wanted}, got ${call.args.length}`);
  }
  call.args.forEach((arg, i) => {
    const wanted = args[Math.min(i, args.length - 1)] as ValueType;
    expect(text, arg, wanted, `call to function ${JSON.stringify(call.name)}`);
  });
}

function checkBinary(text: string, binary: Binary): void {
  checkTypes(text, binary.left);
  checkTypes(text, binary.right);
  const fail = (message: string) => parseError(text, binary.position, message);
  const types = [typeOf(binary.left), typeOf(binary.right)];
  if (types.some((type) => type !== 'scalar' && type !== 'vector')) {
    throw fail('binary expression must contain only scalar and instant vector types');
  }
  const scalars = types.filter((type) => type === 'scalar').length;
  if (scalars === 2 && COMPARISONS.has(binary.operator) && !binary.returnBool) {
    throw parseError(text, binary.operatorPosition, 'comparisons between scalars must use BOOL modifier');
  }
  if (scalars > 0 && SET_OPERATORS.has(binary.operator)) {
    throw fail(`set operator ${JSON.stringify(binary.operator)} not allowed in binary scalar expression`);
  }
  if (scalars > 0 && binary.matchingWritten && binary.matching.labels.length > 0) {
    throw fail('vector matching only allowed between instant vectors');
  }
}

function expect(text: string, expr: Expr, wanted: ValueType, context: string): void {
  checkTypes(text, expr);
  const got = typeOf(expr);
  if (got !== wanted) {
    const message = `expected type ${typeName(wanted)} in ${context}, got ${typeName(got)}`;
    throw parseError(text, expr.position, message);
  }
}
