import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliFailure } from './failure.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Io } from './io.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly as?: string;
}

/** Where the gateway is, who we are there, and how a command answers. */
export interface Session {
  readonly io: Io;
  readonly json: boolean;
  readonly gateway: Gateway;
  /** Incident seconds per wall second: above 1 only under a demo that hurries. */
  readonly speed: number;
}

/** What `npm start` writes, so that the CLI works beside it without being told anything. */
export interface DemoState {
  readonly url: string;
  readonly token: string;
  /** API tokens by person, for `--as`. */
  readonly people: Readonly<Record<string, string>>;
  readonly speed: number;
  /** The environment of the demo's gateway and worker, for `incident doctor`. */
  readonly environment: Readonly<Record<string, string>>;
}

export const DEMO_STATE_FILE = join('.cache', 'demo.json');
const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Precedence: flag, environment, the demo's state file, default. Throws CliFailure when the choice cannot be had. */
export function openSession(io: Io, options: CommonOptions): Session {
  const demo = readDemoState(io.root);
  const given = options.url ?? nonEmpty(io.env.INCIDENT_URL);
  const url = given ?? demo?.url ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CliFailure(
      'usage',
      `"${url}" is not an address of a gateway.`,
      'Give one such as http://127.0.0.1:8080 in INCIDENT_URL or --url.',
    );
  }
  // The demo's tokens are sent to the demo alone.
  const beside = demo !== null && (given === undefined || sameOrigin(given, demo.url)) ? demo : null;
  return {
    io,
    json: options.json === true,
    gateway: createGateway({ url, token: tokenOf(io, options, beside), io }),
    speed: Number(io.env.INCIDENT_SPEED) > 0 ? Number(io.env.INCIDENT_SPEED) : (beside?.speed ?? 1),
  };
}

/** Null when no demo runs from this repository, or when its file cannot be understood. */
export function readDemoState(root: string): DemoState | null {
  const file = join(root, DEMO_STATE_FILE);
  if (!existsSync(file)) return null;
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { url, token, people, speed, environment } = (read ?? {}) as Record<string, unknown>;
    if (typeof url !== 'string' || typeof token !== 'string') return null;
    return {
      url,
      token,
      people: textsOf(people),
      speed: typeof speed === 'number' && speed > 0 ? speed : 1,
      environment: textsOf(environment),
    };
  } catch {
    return null;
  }
}

function tokenOf(io: Io, options: CommonOptions, demo: DemoState | null): string | null {
  if (options.as !== undefined) {
    const people = demo?.people ?? {};
    if (Object.hasOwn(people, options.as)) return people[options.as] ?? null;
    const known = Object.keys(people).join(', ');
    throw new CliFailure(
      'usage',
      `There is no token for "${options.as}" here: --as only works beside a running demo.`,
      known === '' ? 'Put your own token into INCIDENT_TOKEN.' : `Known here: ${known}.`,
    );
  }
  const file = nonEmpty(io.env.INCIDENT_TOKEN_FILE);
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new CliFailure(
        'usage',
        `INCIDENT_TOKEN_FILE names ${file}, which cannot be read: ${(error as Error).message}.`,
        'Correct the path or its permissions.',
      );
    }
  }
  return nonEmpty(io.env.INCIDENT_TOKEN) ?? demo?.token ?? null;
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
