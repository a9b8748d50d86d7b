import type { Field } from '../src/domain/deciding/declare.ts';
import { lineOf, usageOf } from '../src/domain/deciding/line.ts';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../src/domain/decision.ts';

/** docs/what-people-decide.md: every decision, as its file in src/domain/decisions says. */
export function decisionsPage(): string {
  const rows = DECISION_NAMES.map(row);
  return `# What people decide

Written by \`npx tsx scripts/decisions.ts\` from \`src/domain/decisions\`; do not edit. How one is added:
[adding a decision](adding-a-decision.md).

Each is the same from the console, from Slack (\`/incident …\`), from the command line (\`incident …\`) and from the API:
\`POST /api/incidents/{id}/decisions\` with \`{ id, name, body }\`. The API's whole schema is at \`/api/openapi.json\` of the
gateway. Lengths of time are written \`30m\`, \`2h\` or \`1h30m\`; times \`15:00\` (UTC) or \`2024-10-23T15:00Z\`.

| decision | what it does | who may | written | example |
|---|---|---|---|---|
${rows.join('\n')}

## What the API takes

| decision | body |
|---|---|
${DECISION_NAMES.map((name) => `| \`${name}\` | ${bodyWords(name)} |`).join('\n')}
`;
}

function row(name: DecisionName): string {
  const declared = declarationOf(name);
  const also =
    declared.also === undefined ? '' : ` In chat also: ${declared.also.map((word) => `\`${word}\``).join(', ')}.`;
  const usage = `${name} [incident] ${usageOf(declared)}`.trimEnd();
  const example = `${name} ${lineOf(declared, declared.example)}`.trimEnd();
  return `| ${declared.verb} (\`${name}\`) | ${declared.about}${also} | ${declared.roles.join(', ')} | \`${cell(usage)}\` | \`${cell(example)}\` |`;
}

function bodyWords(name: DecisionName): string {
  const fields = Object.entries(declarationOf(name).fields);
  if (fields.length === 0) return 'nothing';
  return fields.map(([field, declared]) => `\`${field}\` (${meaning(declared)})`).join(', ');
}

function meaning({ kind, label, optional, most }: Field): string {
  const limit =
    most === undefined ? '' : kind === 'minutes' ? `, at most ${most} minutes` : `, at most ${most} characters`;
  return `${label}: ${KINDS[kind]}${limit}${optional === true ? ', optional' : ''}`;
}

const KINDS: Readonly<Record<Field['kind'], string>> = {
  text: 'text',
  lines: 'text',
  because: 'text',
  minutes: 'minutes, or a length of time',
  instant: 'a time',
  person: 'a person’s id, or what they hold, such as `oncall-backup`',
  severity: 'P0 to P3',
  incident: 'an incident’s id',
  question: 'the id of what is asked',
  option: 'the name of one of its options',
  lease: 'the id of the temporary change',
  draft: 'the id of the prepared update',
};

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
