import type { Figure } from '../../domain/figure.ts';
import { epochMs, type Instant } from '../../domain/instant.ts';
import { clip } from '../../views/escape.ts';
import type { ComplaintsPort } from './ports.ts';

const REASON_CHARACTERS = 200;

/** How many tickets people wrote between two instants (R6.2); one system that is away makes the sum a lower bound. */
export async function countComplaints(
  systems: readonly ComplaintsPort[],
  fromAt: Instant,
  untilAt: Instant,
): Promise<Figure> {
  if (systems.length === 0) return { status: 'not-applicable', why: 'no support system is configured' };
  if (epochMs(untilAt) < epochMs(fromAt))
    return { status: 'invalid', why: `the incident ends (${untilAt}) before it begins (${fromAt})` };
  const answers = await Promise.all(systems.map((system) => answerOf(system, fromAt, untilAt)));
  const counted = answers.flatMap(({ count }) => count ?? []);
  const words = answers.map(({ system, count, exact, gap }) =>
    count === null ? `${system} gave no answer (${gap})` : `${system} ${exact ? '' : 'at least '}${count}`,
  );
  if (counted.length === 0) return { status: 'pending', why: words.join('; ') };
  return {
    status: 'recorded',
    value: counted.reduce((sum, count) => sum + count, 0),
    atLeast: answers.some(({ count, exact }) => count === null || !exact),
    source: `${words.join('; ')}, written from ${fromAt.slice(11, 16)} to ${untilAt.slice(11, 16)} UTC`,
  };
}

async function answerOf(system: ComplaintsPort, fromAt: Instant, untilAt: Instant) {
  try {
    return { system: system.system, ...(await system.between(fromAt, untilAt)), gap: null };
  } catch (error) {
    const gap = clip((error as Error).message, REASON_CHARACTERS);
    return { system: system.system, count: null, exact: false, gap };
  }
}
