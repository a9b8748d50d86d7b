import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { EvidenceGap, EvidenceItem } from '../../domain/evidence.ts';
import { QUICK_CHECK_NAMES, type QuickActionState } from '../../domain/quick-action.ts';
import { cleanLine, cleanLines } from '../../views/escape.ts';
import { clockUtc } from '../../views/words.ts';
import { CliFailure, Stopped } from '../failure.ts';
import { resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

export interface QuickOptions {
  readonly incident?: string;
  readonly because?: string;
  readonly replicas?: string;
  readonly yes?: boolean;
}

const EXCERPT_CHARACTERS = 1_200;

/** `incident check pods`: what the probes say, the command a person would type, and what it showed (R8). */
export async function check(session: Session, what: string, options: QuickOptions): Promise<void> {
  const { gateway, io, json } = session;
  const incidentId = options.incident === undefined ? null : await resolveIncident(gateway, options.incident);
  const answer = await gateway.json<{ items: readonly EvidenceItem[]; gaps: readonly EvidenceGap[] }>({
    method: 'POST',
    path: '/api/checks',
    json: { id: randomUUID(), what, incidentId },
    repeatable: true,
  });
  if (json) return io.out(JSON.stringify(answer));
  for (const item of answer.items) {
    const mark = item.abnormal ? io.colours.red('!') : io.colours.green('✓');
    io.out(`${mark} ${io.colours.bold(cleanLine(item.words, 600))}`);
    io.out(
      `  ${io.colours.dim(`${clockUtc(item.collectedAt, item.collectedAt)} UTC`)} ${io.colours.cyan(cleanLine(item.command, 600))}`,
    );
    for (const line of cleanLines(item.excerpt, EXCERPT_CHARACTERS).split('\n')) if (line !== '') io.out(`    ${line}`);
  }
  for (const gap of answer.gaps)
    io.out(`${io.colours.yellow('?')} ${gap.probe} is not known: ${cleanLine(gap.reason)} (${gap.source})`);
}

export function checkNames(): string {
  return QUICK_CHECK_NAMES.join('|');
}

/** `incident do restart noa-mcp --because …`: the preview, a yes, and what was read back (R8). */
export async function act(
  session: Session,
  action: string,
  target: string | null,
  options: QuickOptions,
): Promise<void> {
  const { gateway, io, json } = session;
  const replicas = options.replicas === undefined ? null : Number(options.replicas);
  if (replicas !== null && !Number.isInteger(replicas))
    throw new CliFailure(
      'usage',
      `--replicas "${options.replicas}" is no number.`,
      'Give whole replicas: --replicas 6',
    );
  const incidentId = options.incident === undefined ? null : await resolveIncident(gateway, options.incident);
  const state = await gateway.json<QuickActionState>({
    method: 'POST',
    path: '/api/quick-actions',
    json: { id: randomUUID(), action, target, replicas, because: options.because ?? '', incidentId },
    repeatable: true,
  });
  if (
    state.stage !== 'waiting' ||
    state.needs.secondPerson ||
    (options.yes !== true && !(await saysYes(session, state)))
  )
    return left(session, state);
  const begun = await answer(session, state.id, 'confirm', null);
  const end = await untilDone(session, begun);
  if (json) return io.out(JSON.stringify(end));
  io.out(end.words);
  if (end.stage === 'failed')
    throw new CliFailure('failed', `${end.action} of ${end.target.name} did not succeed.`, end.words);
}

/** Somebody else's request: `incident do approve quick-…`. */
export async function answerQuick(
  session: Session,
  name: 'confirm' | 'call-off' | 'undo',
  id: string,
  options: QuickOptions,
): Promise<void> {
  const state = await answer(session, id, name, options.because ?? null);
  const end = name === 'call-off' ? state : await untilDone(session, state);
  if (session.json) return session.io.out(JSON.stringify(end));
  session.io.out(end.words);
}

/** What was looked at and done, newest first. */
export async function listQuick({ gateway, io, json }: Session): Promise<void> {
  const { audit } = await gateway.json<{
    audit: readonly { at: string; person: string; what: string; words: string }[];
  }>({
    path: '/api/audit',
  });
  if (json) return io.out(JSON.stringify(audit));
  if (audit.length === 0) io.out('Nothing was looked at or done by the quick reference yet.');
  for (const line of audit)
    io.out(
      `${line.at.slice(0, 16).replace('T', ' ')} UTC  ${cleanLine(line.person, 60)}  ${io.colours.bold(cleanLine(line.what, 100))}  ${cleanLine(line.words, 300)}`,
    );
}

function answer({ gateway }: Session, id: string, name: string, because: string | null): Promise<QuickActionState> {
  return gateway.json({
    method: 'POST',
    path: `/api/quick-actions/${encodeURIComponent(id)}/answer`,
    json: { id: randomUUID(), name, because },
    repeatable: true,
  });
}

/** Not done: it waits for somebody, was declined here, or cannot be. */
function left({ io, json }: Session, state: QuickActionState): void {
  if (json) {
    io.out(JSON.stringify(state));
    return;
  }
  show(io, state);
  if (state.stage === 'waiting')
    io.out(
      `Nothing was done. To approve: incident do approve ${state.id}   To drop it: incident do call-off ${state.id}`,
    );
}

function show(io: Session['io'], state: QuickActionState): void {
  io.out(io.colours.bold(cleanLine(state.words)));
  if (state.plan !== null) io.out(`  would run: ${io.colours.cyan(cleanLine(state.plan.command, 600))}`);
}

/** Asked on a terminal only: a script says --yes, or leaves it waiting. */
async function saysYes({ io, json }: Session, state: QuickActionState): Promise<boolean> {
  if (json || io.terminal() === null || !process.stdin.isTTY) return false;
  show(io, state);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question('Go ahead? [y/N] ', { signal: io.signal })).trim());
  } catch {
    throw new Stopped();
  } finally {
    lines.close();
  }
}

const LOOK_EVERY_MS = 500;
const LOOKS = 600;

/** The rollout may take minutes; what it waits for is told once. */
async function untilDone({ gateway, io, json }: Session, begun: QuickActionState): Promise<QuickActionState> {
  let state = begun;
  if (!json && state.stage === 'acting') io.err(state.words);
  for (let look = 0; look < LOOKS && state.stage === 'acting'; look++) {
    await pause(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => {
      throw new Stopped();
    });
    state = await gateway.json<QuickActionState>({ path: `/api/quick-actions/${encodeURIComponent(state.id)}` });
  }
  return state;
}
