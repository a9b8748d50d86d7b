import { describe, expect, it } from 'vitest';
import { failure } from '../../src/activities/failures.ts';
import { type IdempotencyLedger, NOTHING_DONE, once } from '../../src/activities/once.ts';
import { memoryLedger } from './memory-ledger.ts';

const KEY = 'chat:incident-1/update/1';
const at = (seconds: number) => new Date(Date.parse('2024-10-23T14:40:00Z') + seconds * 1000).toISOString();

/** One operation against a system that remembers how often it was looked at and acted on. */
function stage(ledger: IdempotencyLedger = memoryLedger()) {
  const seen = { looks: 0, acts: 0, inDoubt: false, there: null as string | null, now: 0 };
  const ports = { ledger, clock: () => at(seen.now) };
  const operation = (act: () => Promise<{ ref: string }> = async () => ({ ref: 'made' })) =>
    once(ports, {
      key: KEY,
      find: async () => {
        seen.looks += 1;
        return seen.there === null ? null : { ref: seen.there };
      },
      act: (inDoubt) => {
        seen.acts += 1;
        seen.inDoubt = inDoubt;
        return act();
      },
    });
  return { ledger, seen, deed: operation };
}

describe('once', () => {
  it('asks the system nothing the first time, and nothing when it is known as done', async () => {
    const { seen, deed: operation } = stage();
    expect(await operation()).toMatchObject({ already: false, done: { ref: 'made' }, remembered: true });
    expect(await operation()).toEqual({ already: true, done: { ref: 'made' } });
    expect(seen).toMatchObject({ looks: 0, acts: 1 });
  });

  it('looks before it acts again after a failure that leaves a doubt, at once', async () => {
    const { seen, deed: operation } = stage();
    await expect(operation(() => Promise.reject(failure('Unavailable', 'no answer')))).rejects.toThrow('no answer');
    seen.there = 'it was there';
    expect(await operation()).toEqual({ already: true, done: { ref: 'it was there' } });
    expect(seen).toMatchObject({ looks: 1, acts: 1 });
  });

  it('says that it acts in doubt when it finds nothing', async () => {
    const { seen, deed: operation } = stage();
    await operation(() => Promise.reject(failure('Unavailable', 'no answer'))).catch(() => undefined);
    expect(await operation()).toMatchObject({ already: false });
    expect(seen).toMatchObject({ looks: 1, acts: 2, inDoubt: true });
  });

  it.each([
    ['refused for good', failure('Invalid', 'no')],
    ['limited', failure('RateLimited', 'later', { retryAfterSeconds: 1 })],
    ['put off with nothing done', failure('Unavailable', 'later', { details: [NOTHING_DONE] })],
  ])('is a first try again when it was %s', async (_how, error) => {
    const { seen, deed: operation } = stage();
    await operation(() => Promise.reject(error)).catch(() => undefined);
    await operation();
    expect(seen).toMatchObject({ looks: 0, acts: 2, inDoubt: false });
  });

  it('leaves alone what another worker is at, and comes again', async () => {
    const { ledger, seen, deed: operation } = stage();
    await ledger.begin({ key: KEY, at: at(0) });
    seen.now = 5;
    await expect(operation()).rejects.toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
      nextRetryDelay: 3_000,
    });
    expect(seen).toMatchObject({ looks: 0, acts: 0 });
  });

  it('answers what the other one made while it waited', async () => {
    const { ledger, seen, deed: operation } = stage();
    await ledger.begin({ key: KEY, at: at(0) });
    const waiting = operation();
    await ledger.done({ key: KEY, at: at(0), ref: 'made by the other' });
    expect(await waiting).toEqual({ already: true, done: { ref: 'made by the other' } });
    expect(seen.acts).toBe(0);
  });

  it('takes over from a worker that was killed, after looking', async () => {
    const { ledger, seen, deed: operation } = stage();
    await ledger.begin({ key: KEY, at: at(0) });
    seen.now = 21;
    expect(await operation()).toMatchObject({ already: false });
    expect(seen).toMatchObject({ looks: 1, acts: 1, inDoubt: true });
  });

  it.each([
    ['away', () => Promise.reject(new Error('the store is down'))],
    ['silent', () => new Promise<never>(() => undefined)],
  ])('looks and acts with the ledger %s: a message twice is better than none', async (_how, never) => {
    const ledger = { ...memoryLedger(), begin: never, done: never };
    const { seen, deed: operation } = stage(ledger);
    expect(await operation()).toMatchObject({ already: false, remembered: false });
    expect(seen).toMatchObject({ looks: 1, acts: 1 });
  });
});
