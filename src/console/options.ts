import type { Instant } from '../domain/instant.ts';
import type { Policy } from '../domain/policy.ts';
import type { KnownPerson } from './decision-forms.ts';
import type { DrillFile } from './pages/drills.ts';
import type { Integration } from './pages/health.ts';
import type { LiveIncidents } from './reading.ts';
import type { Secrets } from './sealing.ts';

export interface ConsoleOptions {
  /** The first seals sessions, each opens them; the same for every gateway of the team. */
  readonly sessionSecrets: Secrets;
  /** True when people reach the console by https. */
  readonly secureCookies: boolean;
  /** Incident time. */
  readonly clock: () => Instant;
  /** Incident seconds that pass in a second. */
  readonly speed: number;
  /** How the team's product is called in the page's bar. */
  readonly product: () => string;
  readonly people: () => readonly KnownPerson[];
  /** Temporal Web's page of an incident; null when there is none. */
  readonly historyUrl: (incidentId: string) => string | null;
  /** How incidents are followed; absent, pages change only when they are loaded again. */
  readonly live?: LiveIncidents;
  readonly nowMs?: () => number;
  /** What the policy viewer shows. */
  readonly policy?: () => Policy;
  readonly drills?: () => Promise<readonly DrillFile[]>;
  /** Which integrations are configured. */
  readonly integrations?: readonly Integration[];
  /** Where a sign-in by the team's own accounts begins (OIDC); it is given `return-to`, the page to come back to. */
  readonly signInPath?: string | null;
}
