import { resolve } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { EvidencePurpose } from '../../src/domain/evidence.ts';
import { jsonBytes } from '../../src/domain/sizes.ts';
import { bundle } from '../domain/long-incident.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

const MB = 1024 * 1024;

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => engine?.stop());

describe('an incident that nobody mitigates for hours', () => {
  it('goes on in new runs before its history is big, and no call of it comes near two megabytes', async () => {
    const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
    const story = await beginIncident(engine, policy);
    story.world.cure = null;
    story.world.bundles = (purpose: EvidencePurpose, at: string) => bundle(purpose, at);
    const before = (await story.history()).events?.[0];
    // A leap ends where a new run begins, so it takes as many as it takes.
    for (let leaps = 0; leaps < 60 && (await story.runs()) < 3; leaps += 1) await story.pass(1800);

    expect(await story.runs()).toBeGreaterThan(2);
    const first = (await story.history()).events?.[0];
    expect(first).not.toEqual(before);
    const [input] = first?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    if (input === undefined || input === null) throw new Error('the newest run began with nothing');
    expect(jsonBytes(defaultPayloadConverter.fromPayload(input))).toBeLessThan(MB / 4);
    expect(Math.max(...story.world.inputBytes)).toBeLessThan(MB / 2);
    // All that came in goes out once more, to the record.
    for (const bytes of await story.historyBytes()) expect(bytes).toBeLessThan(5 * MB);

    // Nothing is lost on the way, and nothing recorded twice.
    await story.decide('alice', 'resolve', { fix: 'by hand' });
    await story.pass(72 * 3600);
    expect(await story.result()).toMatchObject({ closedAs: 'resolved' });
    const timeline = story.world.timeline();
    expect(timeline.map((event) => event.seq)).toEqual(timeline.map((_, index) => index + 1));
    expect(story.world.recordedTwice).toEqual([]);
    const looks = timeline.filter((event) => event.kind === 'evidence-collected');
    expect(looks.every((event) => event.kind === 'evidence-collected' && event.bundle.items[0]?.excerpt !== '')).toBe(
      true,
    );
  });
});
