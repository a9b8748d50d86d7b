import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** False: the production runs and nothing happens to it. */
  readonly incident: boolean;
  /** Incident seconds that pass in a second; null when nothing was said. */
  readonly speed: number | null;
  /** Begin with empty stores. */
  readonly fresh: boolean;
}

export const USAGE = `npm start -- [options]

  --no-incident   nothing goes wrong by itself; send alerts, or press Enter
  --speed N       incident seconds that pass in a second (default 30; 1 is real time)
  --fresh         forget the incidents of earlier runs

Without options: Temporal, PostgreSQL, a simulated production, worker, gateway and console, and an incident in them.
TEMPORAL_ADDRESS and DATABASE_URL use servers of yours; PROMETHEUS_URL, SLACK_BOT_TOKEN … a production of yours.
`;

const MAX_SPEED = 240;

/** Throws a sentence that names the argument. */
export function demoOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parse(args);
  if (values.help === true) return 'help';
  const speed = values.speed === undefined ? null : Number(values.speed);
  if (speed !== null && !(speed >= 1 && speed <= MAX_SPEED)) {
    throw new Error(
      `--speed must be a number from 1 to ${MAX_SPEED}, not "${values.speed}". 30 shows an incident in about two minutes.`,
    );
  }
  return { incident: values['no-incident'] !== true, fresh: values.fresh === true, speed };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'no-incident': { type: 'boolean' },
        speed: { type: 'string' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message.split('.')[0]}.\n\n${USAGE}`);
  }
}

/** Variables that name a system of a real production: with any of them there is nothing to simulate. */
const REAL_SYSTEMS = [
  'KUBERNETES_API_URL',
  'KUBERNETES_API_TOKEN',
  'PROMETHEUS_URL',
  'SLACK_BOT_TOKEN',
  'PAGERDUTY_ROUTING_KEYS',
  'STATUSPAGE_API_KEY',
  'SMTP_URL',
  'SERVICE_DATABASE_URL',
  'SERVICE_DATABASE_REPLICA_URL',
  'SERVICE_MIGRATION_URL',
  'STAGING_DATABASE_URL',
  'SERVICE_CACHE_URL',
  'SERVICE_API_URL',
];

/** The variables of a real production that are set, here or as `NAME_FILE`. */
export function realSystems(env: NodeJS.ProcessEnv): readonly string[] {
  return REAL_SYSTEMS.flatMap((name) => [name, `${name}_FILE`]).filter((name) => (env[name] ?? '') !== '');
}
