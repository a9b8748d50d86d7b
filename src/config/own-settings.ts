import { z } from 'zod';
import { http, port, postgresUrl, type Settings, secret, text } from '../activities/system.ts';

const speed = z.coerce.number('must be a number').positive('must be above 0').max(100_000);

/** Keys of one kind, commas between them while one is being exchanged: the first makes, each is accepted. */
export type Keys = readonly [string, ...string[]];
const SHORTEST_KEY_CHARACTERS = 16;
const signingKeys = secret.transform((written, context): Keys => {
  const [first, ...others] = rotatedSecrets(written);
  if (first !== undefined && [first, ...others].every((key) => key.length >= SHORTEST_KEY_CHARACTERS))
    return [first, ...others];
  context.addIssue({ code: 'custom', message: `must have at least ${SHORTEST_KEY_CHARACTERS} characters in each key` });
  return z.NEVER;
});

/** The variables of the product itself; those of an outside system are in its folder. */
export const OWN_SETTINGS = {
  DATABASE_URL: {
    readBy: ['gateway', 'worker', 'status page'],
    schema: postgresUrl,
    meaning: 'The PostgreSQL of the product itself: inbox, projection, evidence, record.',
    secret: true,
    advice: 'Give the PostgreSQL that keeps inbox and projection, e.g. postgres://incident:secret@db:5432/incident.',
  },
  TEMPORAL_ADDRESS: {
    readBy: ['gateway', 'worker'],
    schema: text.optional(),
    meaning: 'Where Temporal’s frontend answers. Every other setting of a Temporal client works too.',
  },
  TEMPORAL_NAMESPACE: { readBy: ['gateway', 'worker'], schema: text.optional(), meaning: 'Namespace at Temporal.' },
  TEMPORAL_TASK_QUEUE: {
    readBy: ['gateway', 'worker'],
    schema: text.optional(),
    meaning:
      'Queue to which gateways send incidents and which workers poll, so the same at both; incident-runbook when left out. For several installations in one namespace.',
  },
  INCIDENT_POLICY: {
    readBy: ['gateway', 'worker', 'status page'],
    schema: z.string().min(1),
    meaning: 'Path of the team’s policy file.',
    advice: 'Give the path of the team’s policy file, e.g. policy/noa.yaml.',
  },
  INCIDENT_CLOCK_FILE: {
    readBy: ['gateway', 'worker'],
    schema: text.optional(),
    meaning: 'Only in rehearsals: the file that tells the simulated world’s time.',
  },
  INCIDENT_TOKENS_FILE: {
    readBy: ['gateway', 'worker'],
    schema: text.optional(),
    meaning: 'JSON file, person of the policy → SHA-256 (hex) of their API token.',
  },
  INCIDENT_SPEED: {
    readBy: ['gateway', 'worker'],
    schema: speed.default(1),
    meaning: 'Incident seconds that pass in a second; leave it out in production.',
    advice: 'Leave it out in production (1); a demo that hurries says how many incident seconds pass in a second.',
  },
  DECISION_SIGNING_KEY: {
    readBy: ['gateway', 'worker'],
    schema: signingKeys,
    meaning:
      'Signs decisions between gateway and worker, and seals sessions; the same at both, at least 16 characters. Several separated by commas: the first signs, each is accepted (operations.md).',
    secret: true,
    advice:
      'Give gateway and workers the same random text, e.g. the output of `openssl rand -hex 32`; two, while it is being exchanged, are separated by a comma.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    readBy: ['gateway', 'worker'],
    schema: http.optional(),
    meaning:
      'Collector that takes traces by OTLP over HTTP, e.g. http://otel-collector:4318; nothing is traced without.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    readBy: ['gateway', 'worker'],
    schema: secret.optional(),
    meaning: 'What goes with them, name=value, commas between; values percent-encoded.',
    secret: true,
  },
  LOG_LEVEL: {
    readBy: ['gateway', 'worker', 'status page'],
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    meaning: 'fatal, error, warn, info, debug, trace or silent.',
  },
  PORT: {
    readBy: ['gateway'],
    schema: port.default(8080),
    meaning: 'Port to listen on.',
    advice: 'Give a free port, e.g. 8080.',
  },
  HOST: {
    readBy: ['gateway', 'status page'],
    schema: text.default('127.0.0.1'),
    meaning: 'Address to listen on; 0.0.0.0 in a container.',
  },
  DRILL_REPORTS_DIR: {
    readBy: ['gateway'],
    schema: text.default('.cache/drill-reports'),
    meaning: 'Folder of the last report of each drill, as `incident drill run` keeps it; the console shows them.',
  },
  TEMPORAL_UI_URL: {
    readBy: ['gateway'],
    schema: http.optional(),
    meaning: 'Where people open Temporal Web; the console links each incident’s history there.',
  },
  WORKER_HEALTH_PORT: {
    readBy: ['worker'],
    schema: port.optional(),
    meaning: 'Port of the worker’s health and metrics; none when left out.',
  },
  WORKER_HEALTH_HOST: {
    readBy: ['worker'],
    schema: text.default('127.0.0.1'),
    meaning: 'Address for it; 0.0.0.0 where a kubelet asks from outside.',
  },
  WORKER_SDK_METRICS_ADDRESS: {
    readBy: ['worker'],
    schema: text.optional(),
    meaning: 'Where the Temporal SDK serves its own metrics, e.g. 0.0.0.0:8082.',
  },
  WORKER_BUILD_ID: {
    readBy: ['worker'],
    schema: text.optional(),
    meaning: 'Turns worker versioning on, and names this build (ADR 0005).',
  },
} as const satisfies Settings;

/** The public status page as a process of its own reads little, and listens elsewhere. */
export const STATUS_PAGE_SETTINGS = {
  PORT: { ...OWN_SETTINGS.PORT, readBy: ['status page'], schema: port.default(8090) },
} as const satisfies Settings;

/** The values of a secret that is being rotated: all of them are right (no 4xx while both are in use). */
export function rotatedSecrets(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
