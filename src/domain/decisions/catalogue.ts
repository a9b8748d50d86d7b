// Written by scripts/decisions.ts from the files beside it; do not edit.
import { abortCanary } from './abort-canary.ts';
import { acknowledge } from './acknowledge.ts';
import { approve } from './approve.ts';
import { assign } from './assign.ts';
import { breakGlass } from './break-glass.ts';
import { callOff } from './call-off.ts';
import { cancel } from './cancel.ts';
import { falseAlarm } from './false-alarm.ts';
import { handOver } from './hand-over.ts';
import { keepLease } from './keep-lease.ts';
import { merge } from './merge.ts';
import { note } from './note.ts';
import { pauseCanary } from './pause-canary.ts';
import { reject } from './reject.ts';
import { renewLease } from './renew-lease.ts';
import { reopen } from './reopen.ts';
import { resolve } from './resolve.ts';
import { revertLease } from './revert-lease.ts';
import { setSeverity } from './set-severity.ts';
import { snooze } from './snooze.ts';
import { testMail } from './test-mail.ts';
import { update } from './update.ts';

export const DECISIONS = [
  abortCanary,
  acknowledge,
  approve,
  assign,
  breakGlass,
  callOff,
  cancel,
  falseAlarm,
  handOver,
  keepLease,
  merge,
  note,
  pauseCanary,
  reject,
  renewLease,
  reopen,
  resolve,
  revertLease,
  setSeverity,
  snooze,
  testMail,
  update,
] as const;
