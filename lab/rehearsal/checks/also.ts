import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochMs } from '../../../src/domain/instant.ts';
import type { Performance } from '../play-drill.ts';
import { toldChains } from './chains.ts';
import { interruptionsOfMailing } from './customer-mails.ts';
import { deeds } from './deeds.ts';
import { type Check, eventsOf } from './evidence.ts';

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
  'runbook-change': ({ theatre, cast }) => {
    const prefix = cast.policy.review.runbooks?.branchPrefix;
    const { pullRequests } = theatre.production.github;
    const ours = pullRequests.filter(({ head }) => prefix !== undefined && head.startsWith(`${prefix}runbook-`));
    return { expected: 'proposed', count: ours.length };
  },
  'page-notes': ({ theatre }) => {
    const noted = theatre.production.pagerDuty.incidents.flatMap(({ notes }) => notes.map(({ content }) => content));
    const milestones = [/^P\d declared/, /^Likely cause/, /^Mitigated/, /^Resolved/];
    const once = milestones.filter((milestone) => noted.filter((text) => milestone.test(text)).length === 1);
    return {
      expected: 'of four milestones noted once each',
      count: once.length === milestones.length ? once.length : 0,
    };
  },
  migration: (performance) => ({ expected: 'carried out', count: done(performance, 'migrate') }),
  canary: (performance) => ({ expected: 'begun', count: done(performance, 'canary') }),
  'mailing-interrupted': (performance) => ({
    expected: 'while customers were written to',
    count: interruptionsOfMailing(performance),
  }),
  'correlated-timeline': (performance) => ({
    expected: "told in the post-mortem, at the world's times",
    count: toldChains(performance),
  }),
  promotion: (performance) => ({ expected: 'done', count: done(performance, 'promote') }),
};

export function alsoChecks(performance: Performance, what: Also): readonly Check[] {
  const { expected, count } = FINDINGS[what](performance);
  const actual = count === 0 ? 'nothing of the kind' : `${count} ${expected}`;
  const check = { check: `also ${what}`, expected, actual, passed: count > 0 };
  return what === 'post-mortem' ? [check, ...complaintChecks(performance)] : [check];
}

/** The complaints of each post-mortem (R6.2, R9) beside what the support systems themselves hold of its time. */
function complaintChecks({ theatre, incidents }: Performance): readonly Check[] {
  const { jira, zendesk } = theatre.production.reporting;
  const written = [...jira.issues, ...zendesk.tickets].filter(({ byApi }) => !byApi);
  return incidents.flatMap((ship): readonly Check[] => {
    const document = eventsOf(ship, 'post-mortem-written').findLast(({ path }) => path != null);
    const untilAt = eventsOf(ship, 'resolved').at(-1)?.at;
    const fromAt = eventsOf(ship, 'opened')[0]?.detectedAt;
    if (document?.path == null || untilAt === undefined || fromAt === undefined) return [];
    const within = (edgeMs: number) =>
      written.filter(
        ({ createdAtMs }) => createdAtMs >= epochMs(fromAt) - edgeMs && createdAtMs <= epochMs(untilAt) + edgeMs,
      ).length;
    // Support systems are asked in whole seconds.
    const [least, most] = [within(0), within(1000)];
    const text = readFileSync(join(theatre.documentsDir, document.path), 'utf8');
    const told = /\*\*Customer Complaints\*\*: (\d+) support ticket/.exec(text)?.[1];
    return [
      {
        check: 'complaints in the post-mortem',
        expected: `${least} tickets`,
        actual: told === undefined ? 'no figure' : `${told} tickets`,
        passed: told !== undefined && Number(told) >= least && Number(told) <= most,
      },
    ];
  });
}

function done(performance: Performance, action: string): number {
  return deeds(performance).filter((deed) => deed.action === action).length;
}
