import { documentTimeline } from '../../src/domain/document-timeline.ts';
import { plusMinutes } from '../../src/domain/instant.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { postMortem } from '../../src/views/post-mortem.ts';
import { RESOLVED } from '../../test/views/facts.ts';
import { story } from '../../test/views/story.ts';
import { quantile } from './figures.ts';

/**
 * The post-mortem of a P0 of many hours, beside a bare walk over the same events as JSON: what the rendering costs.
 * `npx tsx lab/bench/post-mortem.ts [hours] [events a minute] [rounds]`
 */
const hours = Number(process.argv[2] ?? 48);
const eventsAMinute = Number(process.argv[3] ?? 10);
const rounds = Number(process.argv[4] ?? 20);

const told = story();
const timeline = Array.from({ length: hours * 60 * eventsAMinute }, (_, index): TimelineEvent => {
  const event = told[index % told.length];
  if (event === undefined) throw new Error('The story is empty.');
  return { ...event, seq: index + 1, at: plusMinutes(RESOLVED.detectedAt, Math.floor(index / eventsAMinute)) };
});
const facts = { ...RESOLVED, resolvedAt: plusMinutes(RESOLVED.detectedAt, hours * 60), severity: 'P0' as const };
const figures = { failedRequests: 1, failedRequestsFormula: 'q', affectedUsers: 1 };

function median(work: () => unknown): number {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    work();
    taken.push(performance.now() - began);
  }
  return quantile(taken, 0.5);
}

const bare = median(() => JSON.stringify(timeline));
const rendered = median(() => postMortem({ facts, timeline: documentTimeline(timeline), figures, items: [] }));
console.log(`${hours} h, ${timeline.length} events, median of ${rounds}; the events as JSON: ${bare.toFixed(0)} ms`);
console.log(`post-mortem: ${rendered.toFixed(0)} ms, ${(rendered / bare).toFixed(1)} times that`);
