import { SYSTEMS } from '../src/activities/systems.ts';
import { type EnvironmentVariable, environmentVariables } from '../src/config/env.ts';

/** The parts of deploy/example.env and docker-compose.yml that the settings of the outside systems say. */

const RENEW = 'npx tsx scripts/configuration-docs.ts';
const LINE_CHARACTERS = 118;
const EXAMPLE_BEGINS = `# What follows is written from the settings of src/activities (renew: ${RENEW}). A line that
# begins with # shows what is taken when it is left out.
`;
const COMPOSE_BEGINS = `      # Of the outside systems, written from their settings (renew: ${RENEW}).\n`;
const COMPOSE_ENDS = '      # No more of the outside systems.\n';

/** The written example with the systems as they are now; what stands before them is kept. */
export function exampleEnv(written: string): string {
  const [head = ''] = written.split(EXAMPLE_BEGINS);
  const byHand = new Set([...head.matchAll(/^(\w+)=/gm)].map(([, name]) => name));
  const sections = systemVariables().map(({ name, variables }) => {
    const offered = variables.filter((one) => !byHand.has(one.inCompose));
    return offered.length === 0 ? '' : `\n# ===== ${name}\n${offered.map(exampleOf).join('')}`;
  });
  return `${head}${EXAMPLE_BEGINS}${sections.join('')}`;
}

/** The compose file with what each process reads of the systems, but for what is given there by hand. */
export function composeFile(written: string): string {
  return written
    .split(/^(?= {2}\S)/m)
    .map((service) => {
      const [before, rest] = service.split(COMPOSE_BEGINS);
      const after = rest?.split(COMPOSE_ENDS)[1];
      if (before === undefined || after === undefined) return service;
      const process = /^ {2}([\w-]+):/.exec(before)?.[1]?.replace('-', ' ');
      const read = systemVariables()
        .flatMap(({ variables }) => variables)
        .filter(
          ({ processes, name }) => processes.some((one) => one === process) && !before.includes(`      ${name}:`),
        );
      return `${before}${COMPOSE_BEGINS}${read.map(composeLine).join('')}${COMPOSE_ENDS}${after}`;
    })
    .join('');
}

function systemVariables() {
  return SYSTEMS.map(({ name }) => ({
    name,
    variables: environmentVariables().filter(({ section }) => section === name),
  }));
}

function exampleOf({ inCompose, standard, meaning }: EnvironmentVariable): string {
  return `${wrapped(meaning)}${standard === null ? `${inCompose}=` : `#${inCompose}=${standard}`}\n`;
}

function composeLine({ name, inCompose, needed }: EnvironmentVariable): string {
  return `      ${name}: \${${inCompose}:${needed ? '?Set it in .env.' : '-'}}\n`;
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > LINE_CHARACTERS) lines.push(` ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line) => `#${line}\n`).join('');
}
