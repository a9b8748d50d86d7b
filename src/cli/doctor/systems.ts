import { type CheckContext, refused, type SystemFinding } from '../../activities/finding.ts';
import type { Settings, System } from '../../activities/system.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What is found out about each outside system, by its own check with the client that incidents use. */
export async function checkSystems(env: Env, context: CheckContext): Promise<readonly SystemFinding[]> {
  const { SYSTEMS } = await import('../../activities/systems.ts');
  const found = SYSTEMS.map(async (system) =>
    'check' in system ? checkOne(system, (await system.check()).check, env, context) : [],
  );
  return (await Promise.all(found)).flat();
}

type Check = (values: never, context: CheckContext) => Promise<SystemFinding | readonly SystemFinding[]>;

/** Settings that cannot be read are the finding: nothing can be asked with them. */
async function checkOne(
  { name, settings }: System,
  check: Check,
  env: Env,
  context: CheckContext,
): Promise<readonly SystemFinding[]> {
  const { EnvironmentError, readSettings } = await import('../../config/env.ts');
  try {
    const values = readSettings(setOrLeftOut(settings, env), env);
    return [await check(values as never, context)].flat();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [refused(name, error.problems.join(' '), 'Nothing was asked with it.')];
  }
}

/** A process needs what it needs; whoever runs doctor need not have it. */
function setOrLeftOut(settings: Settings, env: Env): Settings {
  const kept = Object.entries(settings).filter(
    ([name, { schema }]) => (env[name] ?? env[`${name}_FILE`] ?? '') !== '' || schema.safeParse(undefined).success,
  );
  return Object.fromEntries(kept);
}
