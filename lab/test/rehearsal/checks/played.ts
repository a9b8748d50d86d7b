import type { TimelineEvent, TimelineFact } from '../../../../src/domain/timeline.ts';
import { parseDrill } from '../../../rehearsal/drill-file.ts';
import type { DrillRun } from '../../../rehearsal/play-drill.ts';
import type { TrackedWorkflow } from '../../../rehearsal/workflow-tracker.ts';

export const START_MS = Date.UTC(2026, 2, 3, 9);

/** An instant so many minutes after the start. */
export function at(minutes: number): number {
  return START_MS + minutes * 60_000;
}

export type Told = readonly [minutes: number, fact: Partial<TimelineFact> & { readonly kind: TimelineFact['kind'] }];

/** An incident with that timeline; facts need only what a check reads. */
export function incident(workflowId: string, ...told: readonly Told[]): TrackedWorkflow {
  const timeline = told.map(
    ([minutes, fact], index) =>
      ({
        by: { person: 'runbook', roles: [], via: 'machine' },
        decisionId: null,
        ...fact,
        seq: index + 1,
        at: new Date(at(minutes)).toISOString(),
      }) as unknown as TimelineEvent,
  );
  return { workflowId, isIncident: true, timeline, running: false };
}

type Systems = { readonly [system: string]: unknown };

/** A drill that was played: its expectations in the file's own words, its incidents, and what the systems say. */
export function played(options: {
  readonly drill?: string;
  readonly incidents?: readonly TrackedWorkflow[];
  readonly systems?: Systems;
  readonly policy?: Systems;
  readonly slackRefused?: readonly string[];
  readonly endedAtMinutes?: number;
}): DrillRun {
  const { systems = {}, policy = {} } = options;
  const drill = parseDrill(`drill: one\nversion: 1\nstart: 2026-03-03T09:00:00Z\n${options.drill ?? ''}`, 'one.yaml');
  const production = {
    world: { truths: () => [], requests: () => ({ total: 0, failed: 0 }) },
    kubernetes: { actions: [], adminActions: [] },
    journal: [],
    promotions: [],
    postgres: {},
    slack: { channels: [], ledger: [], messages: [] },
    pagerDuty: { pages: [], incidents: [] },
    statusPage: { ledger: [] },
    smtp: { mails: [] },
    ...systems,
  };
  return {
    drill,
    drillPolicy: { policy: { service: { database: null }, contacts: {}, people: [], approvals: {}, ...policy } },
    environment: { production },
    incidents: options.incidents ?? [],
    followUps: [],
    played: { endedAtMs: at(options.endedAtMinutes ?? 120), reached: true, instants: 1 },
    peopleDid: [],
    peopleCouldNot: [],
    slackRefused: options.slackRefused ?? [],
    wiresTold: [],
  } as unknown as DrillRun;
}
