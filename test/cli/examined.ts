import type { CheckContext, SystemFinding } from '../../src/activities/finding.ts';
import { checkSystems } from '../../src/cli/doctor/systems.ts';

const CONTEXT: CheckContext = { policy: null, now: '2024-10-23T14:40:00.000Z' };

/** What doctor finds about these systems, in this order. */
export async function examined(
  env: Readonly<Record<string, string>>,
  systems: readonly string[],
  context: Partial<CheckContext> = {},
): Promise<readonly SystemFinding[]> {
  const found = await checkSystems(env, { ...CONTEXT, ...context });
  return systems.map((name) => {
    const one = found.find(({ system }) => system === name);
    if (one === undefined) throw new Error(`Doctor says nothing of ${name}.`);
    return one;
  });
}
