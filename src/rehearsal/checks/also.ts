import { readdirSync } from 'node:fs';
import type { Performance } from '../play-drill.ts';
import { type Check, deeds } from './evidence.ts';

type Also = NonNullable<Performance['drill']['expect']['also']>[number];

interface Finding {
  readonly expected: string;
  /** How many of it the systems' own ledgers hold. */
  readonly count: number;
}

/** What a drill may want done besides, each judged by the ledgers of the systems that would have received it. */
const FINDINGS: Readonly<Record<Also, (performance: Performance) => Finding>> = {
  invitation: ({ theatre }) => ({
    expected: 'sent',
    count: theatre.production.smtp.mails.filter(({ ics }) => ics !== null).length,
  }),
  'post-mortem': ({ theatre }) => ({
    expected: 'written',
    count: readdirSync(theatre.documentsDir, { recursive: true }).filter((name) => String(name).endsWith('.md')).length,
  }),
  tickets({ theatre }) {
    const { jira, zendesk } = theatre.production.reporting;
    const issues = jira.issues.filter(({ byApi, duedate }) => byApi && duedate !== null).length;
    const tickets = zendesk.tickets.filter(({ byApi, dueAt }) => byApi && dueAt !== null).length;
    return { expected: 'made, with a due date', count: issues + tickets };
  },
  'pull-request': ({ theatre }) => ({ expected: 'opened', count: theatre.production.github.pullRequests.length }),
  migration: (performance) => ({ expected: 'carried out', count: done(performance, 'migrate') }),
  canary: (performance) => ({ expected: 'begun', count: done(performance, 'canary') }),
  promotion: (performance) => ({ expected: 'done', count: done(performance, 'promote') }),
};

export function alsoCheck(performance: Performance, what: Also): Check {
  const { expected, count } = FINDINGS[what](performance);
  const actual = count === 0 ? 'nothing of the kind' : `${count} ${expected}`;
  return { check: `also ${what}`, expected, actual, passed: count > 0 };
}

function done(performance: Performance, action: string): number {
  return deeds(performance).filter((deed) => deed.action === action).length;
}
