// A leash between one of our processes and a program it starts.
//
// The owner holds the write end of this process's stdin. When the owner ends in whatever way (SIGKILL too), the
// kernel closes that end, and the leash ends the program. Programs that are not ours (temporal, postgres) would
// otherwise outlive a crash and hold their ports and files.
//
// Plain JavaScript on node built-ins alone, so that it starts in tens of milliseconds.
//
//   node leash.mjs '{"command":…,"args":[…],"cwd":…,"uid":…,"gid":…,"stopSignals":["SIGTERM"],"graceMs":5000}'
//
// Notices to the owner are JSON lines on descriptor 3: {"pid"}, {"error"} and {"code","signal"}.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';

const spec = JSON.parse(process.argv[2] ?? '{}');

function tellOwner(notice) {
  try {
    writeSync(3, `${JSON.stringify(notice)}\n`);
  } catch {
    // The owner is gone; ending the program is what remains to be done.
  }
}

/** The environment is passed on as it came, but for NODE_OPTIONS, which was kept away from the leash itself. */
function programEnvironment() {
  const { LEASH_NODE_OPTIONS: nodeOptions, ...rest } = process.env;
  return nodeOptions ? { ...rest, NODE_OPTIONS: nodeOptions } : rest;
}

const program = spawn(spec.command, spec.args ?? [], {
  cwd: spec.cwd ?? undefined,
  env: programEnvironment(),
  stdio: ['ignore', 'inherit', 'inherit'],
  // A group of its own: a Ctrl-C in the terminal reaches the owner, who then stops everything in order.
  detached: true,
  ...(spec.uid === null || spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.gid }),
});

let exited = false;

program.on('error', (error) => {
  tellOwner({ error: error.message });
  process.exit(127);
});

program.on('spawn', () => tellOwner({ pid: program.pid }));

program.on('exit', (code, signal) => {
  exited = true;
  signalGroup('SIGKILL'); // whatever the program started and left in its group
  tellOwner({ code, signal });
  process.exit(0);
});

function signalGroup(signal) {
  if (program.pid === undefined) return;
  try {
    process.kill(-program.pid, signal);
  } catch {
    // No such group: all of it has ended.
  }
}

let stopping = false;

/** Asks with each signal in turn, waiting `graceMs` after each, then kills. A paused program is woken to hear it. */
function stop() {
  if (stopping) return;
  stopping = true;
  const signals = [...(spec.stopSignals ?? ['SIGTERM'])];
  const next = () => {
    if (exited) return;
    const signal = signals.shift();
    if (signal === undefined) {
      signalGroup('SIGKILL');
      return;
    }
    program.kill(signal);
    signalGroup('SIGCONT');
    setTimeout(next, spec.graceMs ?? 5000);
  };
  next();
}

process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
// The owner decides about these two: it hears them as well, and its end is heard through stdin.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
// A full or closed output of a dead owner must not end the leash before the program.
process.on('SIGPIPE', () => {});
