import { z } from 'zod';
import type { DocumentPath } from './yaml-document.ts';

/** Something wrong with a policy, at a path of it. An error refuses the file; a warning is only said. */
export interface PathProblem {
  readonly level: 'error' | 'warning';
  readonly path: DocumentPath;
  /** Set when the problem is the key itself rather than its value. */
  readonly key: string | null;
  readonly message: string;
}

export function errorAt(path: DocumentPath, message: string): PathProblem {
  return { level: 'error', path, key: null, message };
}

export function warningAt(path: DocumentPath, message: string): PathProblem {
  return { level: 'warning', path, key: null, message };
}

export function pathWords(path: DocumentPath): string {
  return path.map(String).join('.');
}

/** What zod found, one problem each, in words for people; an unknown key gets the known one it resembles. */
export function schemaProblems(schema: z.ZodType, error: z.ZodError): readonly PathProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({ level: 'error' as const, path, key, message: unknownKey(key, known) }));
    }
    return [errorAt(path, issueWords(issue, path))];
  });
}

export function unknownKey(key: string, known: readonly string[]): string {
  const close = closestOf(key, known);
  const hint =
    close === null ? (known.length > 0 ? `; known here: ${known.join(', ')}` : '') : `; did you mean "${close}"?`;
  return `unknown key "${key}"${hint}`;
}

/** The known name that differs least, when it differs little enough to be a slip. */
export function closestOf(name: string, known: readonly string[]): string | null {
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(name.toLowerCase(), candidate.toLowerCase()),
  }));
  scored.sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate));
  const best = scored[0];
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : null;
}

/** The keys that an object may have at a path of the schema; none when it is no object there. */
export function keysAt(schema: z.ZodType, path: DocumentPath): readonly string[] {
  let at: unknown = schema;
  for (const part of path) {
    at = unwrapped(at);
    if (at instanceof z.ZodObject) at = (at.shape as Record<string, unknown>)[String(part)];
    else if (at instanceof z.ZodArray) at = at.element;
    else if (at instanceof z.ZodRecord) at = at.valueType;
    else return [];
  }
  at = unwrapped(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape as Record<string, unknown>) : [];
}

function unwrapped(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodNullable || at instanceof z.ZodDefault || at instanceof z.ZodOptional) at = at.unwrap();
  return at;
}

function issueWords(issue: z.core.$ZodIssue, path: DocumentPath): string {
  const where = path.length === 0 ? 'the file' : pathWords(path);
  const missing = issue.input === undefined && 'input' in issue;
  if (missing) return `${where} is missing`;
  if (issue.code === 'invalid_value') {
    const close = typeof issue.input === 'string' ? closestOf(issue.input, issue.values.map(String)) : null;
    const values = issue.values.map(String).join(', ');
    const custom = issue.message.startsWith('must') ? issue.message : `must be one of ${values}`;
    return `${where} ${custom}${close === null ? '' : `; did you mean "${close}"?`}`;
  }
  if (issue.code === 'invalid_type' && !issue.message.startsWith('must')) {
    return `${where} must be of type ${issue.expected}, not ${kindOf(issue.input)}`;
  }
  return issue.message.startsWith('must') ? `${where} ${issue.message}` : `${where}: ${issue.message}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${JSON.stringify(value)}`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
