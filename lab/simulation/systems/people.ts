/** A person of the simulated company: known to Slack and PagerDuty by an id each, to mail by address. */
export interface Person {
  readonly chatId: string;
  readonly pagingId: string;
  readonly handle: string;
  readonly name: string;
  readonly email: string;
}

export interface PeopleSettings {
  readonly people: readonly Person[];
  readonly groups: readonly { readonly handle: string; readonly members: readonly string[] }[];
  readonly channels: readonly string[];
  /** PagerDuty services, and whom each reaches (by address). */
  readonly pagingServices: readonly {
    readonly name: string;
    readonly reaches: string;
    /** When whoever it reaches goes off duty; never when left out. */
    readonly shiftEndsAt?: string;
  }[];
}

export const DEFAULT_PEOPLE: PeopleSettings = {
  people: [
    person('alice', 'Alice Archer', 'U0ALICE', 'PALICE'),
    person('bob', 'Bob Baker', 'U0BOB', 'PBOB'),
    person('carol', 'Carol Chen', 'U0CAROL', 'PCAROL'),
    person('dave', 'Dave Diaz', 'U0DAVE', 'PDAVE'),
    person('erin', 'Erin Evans', 'U0ERIN', 'PERIN'),
    person('frank', 'Frank Fischer', 'U0FRANK', 'PFRANK'),
    person('grace', 'Grace Green', 'U0GRACE', 'PGRACE'),
    person('henry', 'Henry Hill', 'U0HENRY', 'PHENRY'),
  ],
  groups: [
    { handle: 'oncall-engineers', members: ['U0ALICE', 'U0BOB'] },
    { handle: 'engineering-manager', members: ['U0CAROL'] },
    { handle: 'devops', members: ['U0FRANK'] },
  ],
  channels: ['incidents', 'oncall', 'engineering', 'devops', 'general'],
  pagingServices: [
    { name: 'oncall-primary', reaches: 'alice@noaserver.com' },
    { name: 'oncall-backup', reaches: 'bob@noaserver.com' },
    { name: 'team-lead', reaches: 'erin@noaserver.com' },
    { name: 'engineering-manager', reaches: 'carol@noaserver.com' },
    { name: 'cto', reaches: 'dave@noaserver.com' },
    { name: 'devops', reaches: 'frank@noaserver.com' },
  ],
};

function person(handle: string, name: string, chatId: string, pagingId: string): Person {
  return { chatId, pagingId, handle, name, email: `${handle}@noaserver.com` };
}
