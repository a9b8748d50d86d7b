import type { TimelineEvent, TimelineFact } from '../../../../src/domain/timeline.ts';
import { parseDrill } from '../../../rehearsal/drill-file.ts';
import type { Ship } from '../../../rehearsal/fleet.ts';
import type { Performance } from '../../../rehearsal/play-drill.ts';

export const START_MS = Date.UTC(2026, 2, 3, 9);

/** An instant so many minutes after the start. */
export function at(minutes: number): number {
  return START_MS + minutes * 60_000;
}

export type Told = readonly [minutes: number, fact: Partial<TimelineFact> & { readonly kind: TimelineFact['kind'] }];

/** An incident with that timeline; facts need only what a check reads. */
export function incident(workflowId: string, ...told: readonly Told[]): Ship {
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
export function played(wish: {
  readonly drill?: string;
  readonly incidents?: readonly Ship[];
  readonly systems?: Systems;
  readonly policy?: Systems;
  readonly slackRefused?: readonly string[];
  readonly endedAtMinutes?: number;
}): Performance {
  const { systems = {}, policy = {} } = wish;
  const drill = parseDrill(`drill: one\nversion: 1\nstart: 2026-03-03T09:00:00Z\n${wish.drill ?? ''}`, 'one.yaml');
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
    cast: { policy: { service: { database: null }, contacts: {}, people: [], approvals: {}, ...policy } },
    theatre: { production },
    incidents: wish.incidents ?? [],
    followUps: [],
    played: { endedAtMs: at(wish.endedAtMinutes ?? 120), reached: true, instants: 1 },
    peopleDid: [],
    peopleCouldNot: [],
    slackRefused: wish.slackRefused ?? [],
    wiresTold: [],
  } as unknown as Performance;
}
