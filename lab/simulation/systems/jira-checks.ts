import type { WireResponse } from '../wire/exchange.ts';

/** What Jira Cloud checks before it takes an issue or a comment, in its own words. */

export interface WantedFields {
  readonly project?: { readonly key?: string };
  readonly issuetype?: { readonly name?: string };
  readonly summary?: unknown;
  readonly description?: unknown;
  readonly labels?: unknown;
  readonly duedate?: unknown;
  readonly assignee?: { readonly accountId?: string };
}

const MAX_SUMMARY = 255;
const ISSUE_TYPES = ['Task', 'Bug', 'Story', 'Incident'];

export function refused(status: number, errors: Readonly<Record<string, string>> | string): WireResponse {
  return {
    status,
    body: typeof errors === 'string' ? { errorMessages: [errors], errors: {} } : { errorMessages: [], errors },
  };
}

/** What is wrong with each field; empty when nothing is. */
export function fieldErrors(
  fields: WantedFields,
  project: string,
  accounts: readonly string[],
): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  if (fields.project?.key !== project) errors.project = 'valid project is required';
  if (!ISSUE_TYPES.includes(fields.issuetype?.name ?? '')) errors.issuetype = 'Specify a valid issue type';
  const { summary, labels, duedate, assignee } = fields;
  if (typeof summary !== 'string' || summary.trim() === '') errors.summary = 'You must specify a summary of the issue.';
  else if (summary.length >= MAX_SUMMARY) errors.summary = 'Summary must be less than 255 characters.';
  else if (/[\r\n]/.test(summary)) errors.summary = 'The summary is invalid because it contains newline characters.';
  if (fields.description !== undefined && richTextProblem(fields.description) !== null)
    errors.description = 'Operation value must be an Atlassian Document (see the Atlassian Document Format)';
  const spaced = Array.isArray(labels)
    ? labels.find((label) => typeof label !== 'string' || /\s/.test(label))
    : undefined;
  if (spaced !== undefined) errors.labels = `The label '${String(spaced)}' contains spaces which is invalid.`;
  if (duedate !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(String(duedate)))
    errors.duedate = `Error parsing date string: ${String(duedate)}`;
  if (assignee?.accountId !== undefined && !accounts.includes(assignee.accountId))
    errors.assignee = 'Specify a valid value for assignee';
  return errors;
}

/** Null for a document of the Atlassian Document Format that Jira takes. */
export function richTextProblem(value: unknown): string | null {
  const document = value as { type?: unknown; version?: unknown; content?: unknown } | null;
  if (typeof document !== 'object' || document === null || document.type !== 'doc' || document.version !== 1)
    return 'not a document';
  return Array.isArray(document.content)
    ? (document.content.map(nodeProblem).find((one) => one !== null) ?? null)
    : 'no content';
}

function nodeProblem(value: unknown): string | null {
  const node = value as { type?: unknown; text?: unknown; content?: unknown };
  if (node.type === 'text') return typeof node.text === 'string' && node.text !== '' ? null : 'an empty text node';
  if (typeof node.type !== 'string') return 'a node without a type';
  return Array.isArray(node.content) ? (node.content.map(nodeProblem).find((one) => one !== null) ?? null) : null;
}

/** All text of a document, for whoever judges. */
export function plainText(value: unknown): string {
  const node = value as { type?: unknown; text?: unknown; content?: unknown } | null;
  if (node === null || typeof node !== 'object') return '';
  if (node.type === 'text') return String(node.text);
  if (node.type === 'hardBreak') return '\n';
  const inner = Array.isArray(node.content) ? node.content.map(plainText).join('') : '';
  return node.type === 'paragraph' ? `${inner}\n` : inner;
}
