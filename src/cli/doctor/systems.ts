import { refused, type SystemFinding } from '../../activities/finding.ts';
import type { Settings } from '../../activities/system.ts';
import type { Policy } from '../../domain/policy.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What is found out about each outside system, by its own check with the client that incidents use. */
export async function checkSystems(env: Env, policy: Policy | null): Promise<readonly SystemFinding[]> {
  const { SYSTEMS } = await import('../../activities/systems.ts');
  const found = SYSTEMS.map(async (system) => {
    if (!('check' in system)) return [];
    const { check } = await system.check();
    return checkOne(system, check as Check<never>, env, policy);
  });
  return (await Promise.all(found)).flat();
}

type Check<V> = (values: V, policy: Policy | null) => Promise<SystemFinding | readonly SystemFinding[]>;

/** Settings that cannot be read are the finding: nothing can be asked with them. */
export async function checkOne<V>(
  { name, settings }: { readonly name: string; readonly settings: Settings },
  check: Check<V>,
  env: Env,
  policy: Policy | null = null,
): Promise<readonly SystemFinding[]> {
  const { EnvironmentError, readSettings } = await import('../../config/env.ts');
  try {
    const values = readSettings(setOrLeftOut(settings, env), env);
    return [await check(values as V, policy)].flat();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [refused(name, error.message, 'Correct what is named.')];
  }
}

/** A process needs what it needs; whoever runs doctor need not have it. */
function setOrLeftOut(settings: Settings, env: Env): Settings {
  const kept = Object.entries(settings).filter(
    ([name, { schema }]) => (env[name] ?? env[`${name}_FILE`] ?? '') !== '' || schema.safeParse(undefined).success,
  );
  return Object.fromEntries(kept);
}
