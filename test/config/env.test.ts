import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clockFromEnv } from '../../src/config/clock.ts';
import { gatewayEnv, workerEnv } from '../../src/config/env.ts';
import { rotatedSecrets } from '../../src/config/own-settings.ts';

const GOOD = {
  DATABASE_URL: 'postgres://u:p@localhost/incident',
  INCIDENT_POLICY: 'policy/noa.yaml',
  DECISION_SIGNING_KEY: 'a-key-that-is-long-enough',
  ALERTMANAGER_TOKEN: 'one,two',
};
const folder = mkdtempSync(join(tmpdir(), 'incident-env-'));

function fileWith(text: string): string {
  const file = join(folder, `f${Math.trunc(performance.now() * 1000)}`);
  writeFileSync(file, text);
  return file;
}

describe('the environment', () => {
  it('has defaults and reads secrets from files', () => {
    const env = gatewayEnv({
      ...GOOD,
      ALERTMANAGER_TOKEN: '',
      ALERTMANAGER_TOKEN_FILE: fileWith('from-a-file\n'),
      PORT: '9000',
    });
    expect(env).toMatchObject({ PORT: 9000, HOST: '127.0.0.1', INCIDENT_SPEED: 1, ALERTMANAGER_TOKEN: 'from-a-file' });
    expect(rotatedSecrets(gatewayEnv(GOOD).ALERTMANAGER_TOKEN)).toEqual(['one', 'two']);
  });

  it('reads the keys that sign decisions one by one, for gateway and worker alike', () => {
    const keys = ['a-key-of-today-0123', 'a-key-of-tomorrow-45'];
    const exchanged = { ...GOOD, DECISION_SIGNING_KEY: ` ${keys.join(' , ')},` };
    expect(gatewayEnv(exchanged).DECISION_SIGNING_KEY).toEqual(keys);
    expect(workerEnv(exchanged).DECISION_SIGNING_KEY).toEqual(keys);
    for (const weak of ['a-key-of-today-0123,short', ',', 'many,short,ones,that,are,long,together'])
      expect(messageOf(() => gatewayEnv({ ...GOOD, DECISION_SIGNING_KEY: weak }))).toContain('in each key');
  });

  it('names every variable that is missing or wrong, and what to do, without showing values', () => {
    const bad = {
      ...GOOD,
      DATABASE_URL: 'mysql://secret-word@x',
      DECISION_SIGNING_KEY: 'short',
      PORT: '99999',
      INCIDENT_POLICY: '',
    };
    const words = messageOf(() => gatewayEnv(bad));
    expect(words).toMatch(/DATABASE_URL must be an address that begins with postgres:\/\//);
    expect(words).toMatch(
      /DECISION_SIGNING_KEY must have at least 16 characters.*openssl rand.*DECISION_SIGNING_KEY_FILE/,
    );
    expect(words).toMatch(/INCIDENT_POLICY is missing/);
    expect(words).toMatch(/PORT .*Give a free port/);
    expect(words).not.toMatch(/secret-word|short/);
  });

  it('refuses a secret given twice or in a file that is not there', () => {
    expect(messageOf(() => gatewayEnv({ ...GOOD, ALERTMANAGER_TOKEN_FILE: fileWith('x') }))).toMatch(/both set/);
    expect(messageOf(() => gatewayEnv({ ...GOOD, DATABASE_URL: undefined, DATABASE_URL_FILE: '/none' }))).toMatch(
      /DATABASE_URL_FILE names \/none/,
    );
  });

  it('parses the routing keys of the worker', () => {
    expect(workerEnv({ ...GOOD, PAGERDUTY_ROUTING_KEYS: '{"primary":"K"}' }).PAGERDUTY_ROUTING_KEYS).toEqual({
      primary: 'K',
    });
    expect(messageOf(() => workerEnv({ ...GOOD, PAGERDUTY_ROUTING_KEYS: 'K' }))).toMatch(
      /PAGERDUTY_ROUTING_KEYS must be JSON/,
    );
  });
});

describe('the clock', () => {
  it('says what stands in its file at each use', () => {
    const file = fileWith('2024-10-23T14:30:00Z\n');
    const clock = clockFromEnv({ INCIDENT_CLOCK_FILE: file });
    expect(clock()).toBe('2024-10-23T14:30:00.000Z');
    writeFileSync(file, '2024-10-23T14:31:00.000Z');
    expect(clock()).toBe('2024-10-23T14:31:00.000Z');
    writeFileSync(file, 'soon');
    expect(clock).toThrow(/says "soon"/);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
}
