import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochMs } from '../../../src/domain/instant.ts';
import type { DrillRun } from '../play-drill.ts';
import { toldChains } from './chains.ts';
import { interruptionsOfMailing } from './customer-mails.ts';
import { type Check, eventsOf } from './evidence.ts';
import { productionChanges } from './production-changes.ts';

type Also = NonNullable<DrillRun['drill']['expect']['also']>[number];

interface Finding {
  readonly expected: string;
  /** How many of it the systems' own ledgers hold. */
  readonly count: number;
}

/** What a drill may want done besides, each judged by the ledgers of the systems that would have received it. */
const FINDINGS: Readonly<Record<Also, (drillRun: DrillRun) => Finding>> = {
  invitation: ({ environment }) => ({
    expected: 'sent',
    count: environment.production.smtp.mails.filter(({ ics }) => ics !== null).length,
  }),
  'post-mortem': ({ environment }) => ({
    expected: 'written',
    count: readdirSync(environment.documentsDir, { recursive: true }).filter((name) => String(name).endsWith('.md'))
      .length,
  }),
  tickets({ environment }) {
    const { jira, zendesk } = environment.production.reporting;
    const issues = jira.issues.filter(({ byApi, duedate }) => byApi && duedate !== null).length;
    const tickets = zendesk.tickets.filter(({ byApi, dueAt }) => byApi && dueAt !== null).length;
    return { expected: 'made, with a due date', count: issues + tickets };
  },
  'pull-request': ({ environment }) => ({
    expected: 'opened',
    count: environment.production.github.pullRequests.length,
  }),
  'runbook-change': ({ environment, drillPolicy }) => {
    const prefix = drillPolicy.policy.review.runbooks?.branchPrefix;
    const { pullRequests } = environment.production.github;
    const ours = pullRequests.filter(({ head }) => prefix !== undefined && head.startsWith(`${prefix}runbook-`));
    return { expected: 'proposed', count: ours.length };
  },
  'page-notes': ({ environment }) => {
    const noted = environment.production.pagerDuty.incidents.flatMap(({ notes }) =>
      notes.map(({ content }) => content),
    );
    const milestones = [/^P\d declared/, /^Likely cause/, /^Mitigated/, /^Resolved/];
    const once = milestones.filter((milestone) => noted.filter((text) => milestone.test(text)).length === 1);
    return {
      expected: 'of four milestones noted once each',
      count: once.length === milestones.length ? once.length : 0,
    };
  },
  migration: (drillRun) => ({ expected: 'carried out', count: done(drillRun, 'migrate') }),
  canary: (drillRun) => ({ expected: 'begun', count: done(drillRun, 'canary') }),
  'mailing-interrupted': (drillRun) => ({
    expected: 'while customers were written to',
    count: interruptionsOfMailing(drillRun),
  }),
  'correlated-timeline': (drillRun) => ({
    expected: "told in the post-mortem, at the world's times",
    count: toldChains(drillRun),
  }),
  promotion: (drillRun) => ({ expected: 'done', count: done(drillRun, 'promote') }),
};

export function alsoChecks(drillRun: DrillRun, what: Also): readonly Check[] {
  const { expected, count } = FINDINGS[what](drillRun);
  const actual = count === 0 ? 'nothing of the kind' : `${count} ${expected}`;
  const check = { check: `also ${what}`, expected, actual, passed: count > 0 };
  return what === 'post-mortem' ? [check, ...complaintChecks(drillRun)] : [check];
}

/** The complaints of each post-mortem (R6.2, R9) beside what the support systems themselves hold of its time. */
function complaintChecks({ environment, incidents }: DrillRun): readonly Check[] {
  const { jira, zendesk } = environment.production.reporting;
  const written = [...jira.issues, ...zendesk.tickets].filter(({ byApi }) => !byApi);
  return incidents.flatMap((workflow): readonly Check[] => {
    const document = eventsOf(workflow, 'post-mortem-written').findLast(({ path }) => path != null);
    const untilAt = eventsOf(workflow, 'resolved').at(-1)?.at;
    const fromAt = eventsOf(workflow, 'opened')[0]?.detectedAt;
    if (document?.path == null || untilAt === undefined || fromAt === undefined) return [];
    const within = (edgeMs: number) =>
      written.filter(
        ({ createdAtMs }) => createdAtMs >= epochMs(fromAt) - edgeMs && createdAtMs <= epochMs(untilAt) + edgeMs,
      ).length;
    // Support systems are asked in whole seconds.
    const [least, most] = [within(0), within(1000)];
    const text = readFileSync(join(environment.documentsDir, document.path), 'utf8');
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

function done(drillRun: DrillRun, action: string): number {
  return productionChanges(drillRun).filter((change) => change.action === action).length;
}
