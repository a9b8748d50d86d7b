/** What a person may do. `admin` configures; it does not approve by virtue of being admin. */
export type Role =
  | 'viewer'
  | 'responder'
  | 'commander'
  | 'approver'
  | 'team-lead'
  | 'engineering-manager'
  | 'cto'
  | 'admin';

export const ROLES: readonly Role[] = [
  'viewer',
  'responder',
  'commander',
  'approver',
  'team-lead',
  'engineering-manager',
  'cto',
  'admin',
];

/** Whom a page or an escalation names (R0.8); policy says how each is reached. */
export type Contact =
  | 'oncall-primary'
  | 'oncall-backup'
  | 'team-lead'
  | 'engineering-manager'
  | 'cto'
  | 'devops'
  | 'product-manager'
  | 'customer-success-lead';

export const CONTACTS: readonly Contact[] = [
  'oncall-primary',
  'oncall-backup',
  'team-lead',
  'engineering-manager',
  'cto',
  'devops',
  'product-manager',
  'customer-success-lead',
];

/** The way a decision came in. `signal` is a Temporal signal sent without the gateway. */
export type Via = 'slack' | 'cli' | 'console' | 'pagerduty' | 'api' | 'signal' | 'machine';

/** Who did something: a person by the id of the policy, or the machine itself. */
export interface Actor {
  readonly person: string;
  readonly roles: readonly Role[];
  readonly via: Via;
}

/** PagerDuty vouches for whoever answers there: without an entry in policy they still count as a responder. */
export function vouchedFor(
  person: { readonly id: string; readonly roles: readonly Role[] } | null,
  name: string,
): Actor {
  return { person: person?.id ?? name, roles: person?.roles ?? ['responder'], via: 'pagerduty' };
}

export const MACHINE: Actor = { person: 'runbook', roles: [], via: 'machine' };
