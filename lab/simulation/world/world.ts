import type { FaultSpec } from '../faults/faults.ts';
import type { StrayAlert } from './alert-noise.ts';
import type { ClusterModel, ReplicaTruth, WorldTruth } from './api.ts';
import type { FaultTruth } from './fault-book.ts';
import type { WorldOptions } from './settings.ts';
import type { UserReport } from './user-reports.ts';

export interface World extends WorldTruth {
  readonly startMs: number;
  /** Asks for a fault at that instant, which may be now; returns its id. Throws when the kind is not simulated. */
  addFault(fault: FaultSpec, atMs: number): string;
  /** Ends it at that instant (now when left out), however it would have gone on. Throws when there is none of that id. */
  endFault(id: string, atMs?: number): void;
  /** Moves the world and its cluster to that instant. Throws when it lies before now. */
  advanceTo(ms: number): void;
  /** The next instant at which something changes by a jump, as far as can be told now; null: nothing will. */
  nextEventAtMs(): number | null;
  /** Every fault so far, for the judge. */
  truths(): readonly FaultTruth[];
  /** Alert messages that belong to no metric of the service: noise and storms. */
  strayAlerts(sinceMs: number, untilMs: number): readonly StrayAlert[];
  /** What people reported to us by themselves, each at its instant. */
  userReports(sinceMs: number, untilMs: number): readonly UserReport[];
  /** The replica becomes a primary of its own; the application still talks to the old one. Throws when it is missing. */
  promoteReplica(podName?: string): void;
  /** The streaming replica and how far it is behind: what a failover would lose. */
  replica(): ReplicaTruth;
  /** The application is pointed at the pod of that name; true when a primary that answers is there. */
  pointDatabaseAt(podName: string): boolean;
}

export interface WorldInput {
  readonly seed: number;
  readonly startMs: number;
  readonly settings?: WorldOptions;
  readonly cluster: ClusterModel;
  /** False: nobody will ask for metrics or logs, so none are kept; what happens is the same to the last digit. */
  readonly watched?: boolean;
}
