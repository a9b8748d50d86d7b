import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { serverEvents } from '../src/cli/sse.ts';
import type { FactSet } from '../src/domain/fact-set.ts';
import type { Projection } from '../src/store/projection.ts';
import { openStore } from '../src/store/store.ts';
import { openWindow, signIn, startChromium } from '../test/e2e/browser/chromium.ts';
import { openR9, R9_ALERT } from '../test/e2e/r9.ts';
import type { Stage } from '../test/e2e/stage.ts';
import { print, quantile } from './figures.ts';

// npx tsx bench/console.ts [notes] [consoles] [events a second]: what somebody at the console waits for.
// 1. The first load of a page in kilobytes as they cross the wire, with an empty cache, and how many requests that takes.
// 2. Decision to screen: Bob's note is sent to the gateway; when does Alice's browser show it? Beside it when Bob has his answer.
// 3. So many readers of the live stream on one gateway, over ten incidents, while events come. Here the worker is stopped and
//    the events are written to the store as workers write them, so it is the gateway and the store that are measured, not
//    Temporal. Readers are connections, not browsers. Ends with 1 when a reader lost or repeated an event.

const INCIDENTS = 10;
const SECONDS = 10;
const SPEED = 20;

async function main(notes: number, consoles: number, perSecond: number): Promise<void> {
  const [stage, browser] = await Promise.all([openR9(SPEED), startChromium()]);
  try {
    const id = String((await stage.post(R9_ALERT)).body.incidentId);
    stage.clock.start();
    await stage.until('it asks', async () => (await stage.events(id, 'approval-requested')).length > 0, 120_000);
    await firstLoads(stage, browser, id);
    await decisionToScreen(stage, browser, id, notes);
    await stage.clock.stop();
    await stage.worker.stop();
    const facts = await stage.facts(id);
    if (facts === null) throw new Error('The incident has shown nothing.');
    await manyReaders(stage, facts, consoles, perSecond);
  } finally {
    await browser.close();
    await stage.close();
  }
}

async function firstLoads(stage: Stage, browser: Browser, id: string): Promise<void> {
  const rows: [string, number, number][] = [];
  const pages = { 'sign-in': null, list: '/', incident: `/incidents/${id}`, 'status page': '/status/' };
  for (const [name, path] of Object.entries(pages)) {
    const page = await (await openWindow(browser)).newPage();
    if (path !== null) await signIn(page, stage.gatewayUrl, 'token-of-alice');
    const wire = await page.context().newCDPSession(page);
    await wire.send('Network.enable');
    await wire.send('Network.clearBrowserCache');
    const crossed = wireOf(wire);
    await page.goto(`${stage.gatewayUrl}${path ?? '/'}`);
    await pause(1_000);
    rows.push([`first load: ${name}`, crossed.bytes / 1024, crossed.requests]);
    await page.context().close();
  }
  print([['', 'kB', 'requests'], ...rows]);
}

function wireOf(wire: CDPSession): { readonly bytes: number; readonly requests: number } {
  const crossed = { bytes: 0, requests: 0 };
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => {
    crossed.bytes += encodedDataLength;
    crossed.requests += 1;
  });
  return crossed;
}

async function decisionToScreen(stage: Stage, browser: Browser, id: string, notes: number): Promise<void> {
  const page = await (await openWindow(browser)).newPage();
  await signIn(page, stage.gatewayUrl, 'token-of-alice');
  await page.goto(`${stage.gatewayUrl}/incidents/${id}`);
  await page.getByText('live', { exact: true }).waitFor();
  const answered: number[] = [];
  const shown: number[] = [];
  for (let note = 0; note < notes; note += 1) {
    const text = `note ${randomUUID()}`;
    const seen = seenAt(page, text);
    const sentMs = Date.now();
    await stage.decide('bob', id, 'note', { text });
    answered.push(Date.now() - sentMs);
    shown.push((await seen) - sentMs);
    await pause(300);
  }
  print([
    ['milliseconds', 'p50', 'p95'],
    ['decision → its answer', quantile(answered, 0.5), quantile(answered, 0.95)],
    ['decision → another’s screen', quantile(shown, 0.5), quantile(shown, 0.95)],
  ]);
}

/** When the page shows the text, by its own clock, which is this machine's. */
function seenAt(page: Page, text: string): Promise<number> {
  return page.evaluate<number>(`new Promise((done) => {
    const look = () => document.getElementById('timeline')?.textContent.includes(${JSON.stringify(text)});
    const watch = new MutationObserver(() => {
      if (!look()) return;
      watch.disconnect();
      requestAnimationFrame(() => done(Date.now()));
    });
    watch.observe(document.body, { childList: true, subtree: true });
  })`);
}

async function manyReaders(stage: Stage, facts: FactSet, consoles: number, perSecond: number): Promise<void> {
  const store = await openStore({ url: stage.store.current().url });
  const { projection } = store;
  const ids: string[] = [];
  for (let count = 0; count < INCIDENTS; count += 1) {
    const { body } = await stage.post(alertOf(count));
    ids.push(String(body.incidentId));
    await show(projection, ids[count] ?? '', facts, 1);
  }
  const stop = new AbortController();
  const delays: number[] = [];
  let faults = 0;
  const readers = Array.from({ length: consoles }, async (_, index) => {
    const answer = await fetch(`${stage.gatewayUrl}/api/incidents/${ids[index % INCIDENTS]}/events?since=1`, {
      headers: { authorization: 'Bearer token-of-alice' },
      signal: stop.signal,
    });
    if (answer.body === null) throw new Error(`The gateway answers ${answer.status}.`);
    return answer.body;
  });
  const streams = await Promise.all(readers);
  const last = streams.map(() => 1);
  const read = streams.map(async (stream, index) => {
    for await (const { name, data } of serverEvents(stream)) {
      if (name !== 'timeline') continue;
      const { seq, text } = JSON.parse(data) as { seq: number; text: string };
      if (seq !== (last[index] ?? 0) + 1) faults += 1;
      last[index] = seq;
      delays.push(Date.now() - Number(text));
    }
  });
  const wantedEach = (perSecond * SECONDS) / INCIDENTS;
  const startedMs = performance.now();
  for (let event = 0; event < wantedEach; event += 1) {
    for (const id of ids) await show(projection, id, facts, event + 2);
    await pause(Math.max(0, startedMs + ((event + 1) * 1000 * INCIDENTS) / perSecond - performance.now()));
  }
  const writtenSeconds = (performance.now() - startedMs) / 1000;
  const giveUpMs = performance.now() + 60_000;
  while (last.some((seq) => seq < wantedEach + 1) && performance.now() < giveUpMs) await pause(50);
  stop.abort();
  await Promise.allSettled(read);
  await store.close();
  const lost = last.reduce((sum, seq) => sum + (wantedEach + 1 - seq), 0);
  print([
    ['milliseconds', 'p50', 'p99'],
    ['event stored → in a reader’s hands', quantile(delays, 0.5), quantile(delays, 0.99)],
  ]);
  process.stdout.write(
    `\n${consoles} readers of ${INCIDENTS} incidents, ${Math.round((wantedEach * INCIDENTS) / writtenSeconds)} events a second for ${writtenSeconds.toFixed(1)} s; ${delays.length} deliveries, ${lost} lost, ${faults} out of order.\n`,
  );
  if (lost > 0 || faults > 0) process.exitCode = 1;
}

/** One event as a worker shows it; its text is the instant at which it was given to the store. */
function show(projection: Projection, id: string, facts: FactSet, seq: number): Promise<void> {
  const by = { person: 'bench', roles: [], via: 'machine' } as const;
  const event = { kind: 'noted', text: String(Date.now()), seq, at: facts.at, by, decisionId: null } as const;
  return projection.append(id, [event], { ...facts, incidentId: id, name: id });
}

function alertOf(count: number): unknown {
  const [alert] = R9_ALERT.alerts;
  const labels = { ...alert?.labels, alertname: `Bench${count}`, service: `bench-${count}` };
  return {
    ...R9_ALERT,
    groupLabels: labels,
    commonLabels: labels,
    alerts: [{ ...alert, labels, fingerprint: `bench-${count}` }],
  };
}

await main(Number(process.argv[2] ?? 30), Number(process.argv[3] ?? 200), Number(process.argv[4] ?? 100));
