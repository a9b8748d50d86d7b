import { SYSTEMS } from '../activities/systems.ts';
import type { GatewayEnv } from '../config/env.ts';
import type { Integration } from '../console/pages/health.ts';

/** Which integrations are configured, for the page of system health. Names only, never a value. */
export function integrationsOf(env: GatewayEnv): readonly Integration[] {
  const given: Readonly<Record<string, unknown>> = env;
  const integrations = SYSTEMS.flatMap(({ door }) =>
    door === undefined ? [] : [{ name: door.name, configured: given[door.needs] !== undefined, without: door.without }],
  );
  return [
    ...integrations,
    {
      name: 'Temporal Web',
      configured: env.TEMPORAL_UI_URL !== undefined,
      without: 'Incidents do not link to their history.',
    },
  ];
}
