import type { Contact, Role, Via } from '../../src/domain/people.ts';
import type { FaultSpec } from '../simulation/faults/faults.ts';
import type { ACT_SCHEMAS, Expectations } from './drill-schema.ts';

/** A drill as it is played: every duration in milliseconds, every default filled in. `…AtMs` is epoch milliseconds. */
export interface Drill {
  readonly file: string;
  readonly name: string;
  readonly about: string | null;
  readonly seed: number;
  readonly startAtMs: number;
  /** What ends it: a state that all incidents have reached, or a time after the start. */
  readonly until: { readonly state: 'resolved' | 'reviewed' | 'closed' } | { readonly afterMs: number };
  readonly limitMs: number;
  readonly policyFile: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly world: Readonly<Record<string, unknown>>;
  readonly faults: readonly { readonly atMs: number; readonly spec: FaultSpec }[];
  readonly people: readonly PlannedPerson[];
  readonly acts: readonly PlannedAct[];
  readonly wires: readonly PlannedWire[];
  readonly expect: Expectations;
}

export interface PlannedPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly Role[];
  readonly contacts: readonly Contact[];
  readonly acknowledges: { readonly afterMs: number; readonly via: Via } | null;
  readonly approves: readonly { readonly what: readonly string[]; readonly afterMs: number; readonly via: Via }[];
}

export type ActName = keyof typeof ACT_SCHEMAS;

export interface PlannedAct {
  readonly atMs: number;
  readonly who: string;
  readonly does: ActName;
  readonly via: Via;
  /** Counted from 1 in order of opening; null: the newest that is open. */
  readonly incident: number | null;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type PlannedWire =
  | {
      readonly kind: 'system';
      readonly atMs: number;
      readonly endMs: number | null;
      readonly system: string;
      readonly fault: string;
      readonly parameters: {
        readonly retryAfterSeconds: number;
        readonly seconds: number;
        readonly times: number | null;
      };
    }
  | {
      readonly kind: 'process';
      readonly atMs: number;
      readonly process: 'worker' | 'gateway' | 'temporal' | 'store';
      readonly fault: 'killed' | 'paused' | 'restarted';
      /** Real milliseconds; null: back at once. */
      readonly forMs: number | null;
      /** After so many mails from `atMs` on; null: at `atMs`. */
      readonly afterMails: number | null;
    };

/** One thing wrong with a drill file, where it stands; line and column count from 1. */
export interface DrillProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The file cannot be played; `problems` says everything at once. */
export class DrillError extends Error {
  override readonly name = 'DrillError';
  readonly problems: readonly DrillProblem[];

  constructor(problems: readonly DrillProblem[]) {
    super(problems.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}`).join('\n'));
    this.problems = problems;
  }
}
