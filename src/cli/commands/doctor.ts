import { type SystemFinding, type SystemState, stateOf } from '../../activities/finding.ts';
import { clockFromEnv } from '../../config/clock.ts';
import { checkGateway, checkPolicyFor, checkPostgres, checkTemporal } from '../doctor/engine.ts';
import { settingsOf } from '../doctor/settings.ts';
import { checkSystems } from '../doctor/systems.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { readDemoState } from '../session.ts';

const STORE_NEEDS = [
  {
    query: 'SELECT max(version) FROM schema_version',
    advice: 'Start the gateway once: it creates the tables. Or give this user the right to read them.',
  },
] as const;
/** Checks everything that is configured, all at once. Exit code 0 when nothing is wrong, else 1. */
export async function doctor(
  io: Io,
  { json = false, url }: { readonly json?: boolean; readonly url?: string },
): Promise<number> {
  const env = { ...readDemoState(io.root)?.environment, ...io.env };
  const settings = settingsOf(env);
  const { finding: policyFinding, policy } = await checkPolicyFor(io, settings);
  const rest = await Promise.all([
    checkGateway(io, url),
    checkTemporal(settings),
    checkPostgres('store', 'DATABASE_URL', settings, STORE_NEEDS),
  ]);
  const findings = [policyFinding, ...rest, ...(await checkSystems(env, { policy, now: clockFromEnv(env)() }))].map(
    (one) => ({
      ...one,
      state: stateOf(one),
      words: settings.redact(one.words),
    }),
  );
  const wrong = findings.filter(({ state }) => state === 'wrong').length;
  if (json) io.out(JSON.stringify({ ok: wrong === 0, systems: findings }));
  else print(io, findings, wrong);
  return wrong === 0 ? EXIT.ok : EXIT.failed;
}

function print(io: Io, findings: readonly (SystemFinding & { readonly state: SystemState })[], wrong: number): void {
  const width = Math.max(...findings.map(({ system }) => system.length));
  const { colours } = io;
  const marks = { ok: colours.green('ok     '), wrong: colours.red('WRONG  '), unknown: colours.dim('unknown') };
  for (const { system, state, words, advice } of findings) {
    io.out(`${marks[state]}  ${system.padEnd(width)}  ${words}`);
    if (advice !== null && state !== 'ok') io.out(`${' '.repeat(9)}${' '.repeat(width)}  → ${advice}`);
  }
  const unknown = findings.filter(({ state }) => state === 'unknown').length;
  io.out('');
  io.out(
    wrong === 0
      ? `Nothing is wrong${unknown === 0 ? '' : `; ${unknown} not configured or not told`}.`
      : `${wrong} of ${findings.length} systems need something done.`,
  );
}
