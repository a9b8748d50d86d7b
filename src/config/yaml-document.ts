import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** A place in a file a person edits; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type DocumentPath = readonly (string | number)[];

export interface SyntaxProblem extends Place {
  readonly message: string;
}

/** A parsed YAML file that still knows where each of its values stands. */
export interface YamlDocument {
  readonly value: unknown;
  readonly problems: readonly SyntaxProblem[];
  /** Where the value at a path stands; the nearest parent when it is missing. */
  placeOf(path: DocumentPath): Place;
  /** Where the key itself stands; for keys that should not be there. */
  placeOfKey(path: DocumentPath, key: string): Place;
}

/** Files that people write are small; anything larger is a mistake or an attack. */
const MAXIMUM_BYTES = 1_000_000;

export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  if (Buffer.byteLength(text) > MAXIMUM_BYTES) return refused(`the file is larger than ${MAXIMUM_BYTES} bytes`);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): Place => {
    const at = lines.linePos(offset);
    return { line: at.line || 1, column: at.col || 1 };
  };
  const problems = document.errors.map((error) => ({ ...place(error.pos[0]), message: error.message }));
  const read = problems.length > 0 ? null : expanded(document);
  if (read !== null && 'failed' in read) return refused(read.failed);
  return {
    value: read === null ? undefined : read.value,
    problems,
    placeOf: (path) => place(offsetOf(document, path)),
    placeOfKey: (path, key) => place(keyOffset(document, path, key)),
  };
}

/** Aliases are expanded here, so this is where a file that explodes is noticed. */
function expanded(document: Document.Parsed): { readonly value: unknown } | { readonly failed: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 50 }) as unknown };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function refused(message: string): YamlDocument {
  const start: Place = { line: 1, column: 1 };
  return { value: undefined, problems: [{ ...start, message }], placeOf: () => start, placeOfKey: () => start };
}

function offsetOf(document: Document.Parsed, path: DocumentPath): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document.Parsed, path: DocumentPath, key: string): number {
  const parent: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(parent)) {
    for (const pair of parent.items) {
      if (isScalar(pair.key) && String(pair.key.value) === key && pair.key.range) return pair.key.range[0];
    }
  }
  if (isSeq(parent) && parent.range) return parent.range[0];
  return offsetOf(document, path);
}
