import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openR9, R9_ALERT } from './r9.ts';
import type { Stage } from './stage.ts';
import { remediesSeen, whenClusterActs } from './watch-ledger.ts';

// R9, play S0, in real time: a minute of the runbook is three seconds. People choose the restart; the worker is killed the
// instant the cluster has restarted the deployment, before anybody has heard so.
let stage: Stage;
beforeAll(async () => {
  stage = await openR9(20);
}, 90_000);
afterAll(async () => stage?.close());

describe('an incident from the posted alert to the post-mortem (R9 S0)', () => {
  let id = '';

  it('is refused without the token, and opened with it, once however often it is posted', async () => {
    const strange = await fetch(`${stage.gatewayUrl}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(R9_ALERT),
    });
    expect(strange.status).toBe(401);
    const first = await stage.post(R9_ALERT);
    expect(first).toMatchObject({ status: 202, body: { joined: false } });
    stage.clock.start();
    id = String(first.body.incidentId);
    expect(id).toBe('incident-20241023-1430');
    expect(await stage.post(R9_ALERT)).toMatchObject({ status: 202, body: { incidentId: id, joined: true } });
    await stage.until('the channel is open', async () => (await stage.events(id, 'channel-opened'))[0] ?? false);
    expect(await stage.incidentIds()).toEqual([id]);
  }, 60_000);

  it('is acknowledged, explained, and asks what to do; who may not is refused with a sentence', async () => {
    expect(await stage.decide('grace', id, 'acknowledge', {})).toMatchObject({ status: 403 });
    expect(await stage.decide('alice', id, 'acknowledge', {})).toMatchObject({ status: 200 });
    const question = await stage.until(
      'a rollback is proposed',
      async () => (await stage.facts(id))?.openQuestions.find(({ name }) => name === 'rollback') ?? false,
    );
    expect((await stage.facts(id))?.causeWords).toContain('feature X');
    expect(question.options.map(({ name }) => name)).toContain('restart');
  }, 60_000);

  it('survives the SIGKILL of its worker right after the restart: one restart, and it goes on within seconds', async () => {
    const { production, worker } = stage;
    let killedMs: number | null = null;
    const killed = new Promise<void>((done) => {
      whenClusterActs(production, ({ effects }) => {
        if (killedMs !== null || !effects.some(({ kind }) => kind === 'restart')) return;
        killedMs = performance.now();
        void worker.kill().then(done);
      });
    });
    const question = (await stage.facts(id))?.openQuestions.find(({ name }) => name === 'rollback');
    const decision = { approvalId: question?.approvalId ?? '', option: 'restart' as const };
    const choose = () => stage.decide('alice', id, 'approve', decision, 'the-choice-of-alice');
    // The same decision twice is one decision; a second person's comes too late.
    expect(await choose()).toMatchObject({ status: 200 });
    await killed;
    expect(remediesSeen(production)).toEqual(['restart noa-mcp']);
    await worker.start();
    await stage.until(
      'the restart is known to be in effect',
      async () => (await stage.events(id, 'remedy-carried-out'))[0] ?? false,
    );
    const seconds = (performance.now() - (killedMs ?? 0)) / 1000;
    const [carriedOut] = await stage.events(id, 'remedy-carried-out');
    expect(carriedOut).toMatchObject({ action: 'restart', outcome: { result: 'already-done' } });
    expect(seconds).toBeLessThan(25);
    expect(await choose()).toMatchObject({ status: 200 });
    expect(await stage.decide('bob', id, 'approve', { ...decision, option: 'rollback' })).toMatchObject({
      status: 409,
    });
    expect(remediesSeen(production)).toEqual(['restart noa-mcp']);
  }, 120_000);

  it('is verified, resolved by a person, and its post-mortem is a file', async () => {
    await stage.until('the errors have gone', async () => (await stage.events(id, 'mitigated'))[0] ?? false);
    await stage.until('people agree that it is over', async () => {
      for (const { approvalId, name } of (await stage.facts(id))?.openQuestions ?? []) {
        if (name === 'resolve' || name === 'publish-status')
          await stage.decide('alice', id, 'approve', { approvalId, option: null });
      }
      return (await stage.events(id, 'resolved')).length > 0;
    });
    const [written] = await stage.until('the post-mortem is written', async () => {
      const events = await stage.events(id, 'post-mortem-written');
      return events.length > 0 && events;
    });
    expect(written).toBeDefined();
    const files = readdirSync(stage.documentsDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.md'),
    );
    expect(files).toHaveLength(1);
    const text = readFileSync(join(stage.documentsDir, files[0] ?? ''), 'utf8');
    expect(text).toContain(id);
    expect(text).toContain('feature X');
    expect(text).toContain('alice acknowledged');
  }, 120_000);

  it('told everybody once: the channel, the page, the messages, the status page', async () => {
    const { production } = stage;
    await stage.until('the status page says resolved', async () => {
      for (const { approvalId } of (await stage.facts(id))?.openQuestions ?? [])
        await stage.decide('alice', id, 'approve', { approvalId, option: null });
      return production.statusPage.incidents[0]?.status === 'resolved';
    });
    expect(
      production.slack.channels.filter(({ name }) => name.startsWith('incident-')).map(({ name }) => name),
    ).toEqual([id]);
    expect(production.pagerDuty.pages.filter(({ paged }) => paged).map(({ service }) => service)).toEqual([
      'oncall-primary',
    ]);
    const said = (tag: string) => production.slack.messages.filter(({ text }) => text.includes(tag)).length;
    expect(said('[INITIAL ALERT')).toBe(1);
    expect(said('[UPDATE')).toBeGreaterThan(0);
    expect(said('[RESOLVED')).toBe(1);
    const states = production.statusPage.incidents.map(({ updates }) => [
      ...new Set(updates.map(({ status }) => status)),
    ]);
    expect(states).toHaveLength(1);
    expect(states[0]?.[0]).toBe('investigating');
    expect(states[0]?.at(-1)).toBe('resolved');
  }, 60_000);

  it('says that the cause is still there, and takes no decision once it has ended', async () => {
    const resolved = stage.production.slack.messages.find(({ text }) => text.includes('[RESOLVED'));
    expect(resolved?.text).toContain('The cause is still there');
    expect(await stage.decide('alice', id, 'cancel', { because: 'the play is over' })).toMatchObject({ status: 200 });
    await stage.until('the incident has ended', async () => (await stage.events(id, 'closed'))[0] ?? false);
    const late = await stage.decide('alice', id, 'set-severity', { to: 'P0', because: 'too late' });
    expect(late).toMatchObject({ status: 409 });
    expect(String(late.body.error)).toContain(id);
    expect(remediesSeen(stage.production)).toEqual(['restart noa-mcp']);
  }, 60_000);
});
