import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { serverEvents } from '../../src/cli/sse.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { Projection } from '../../src/store/projection.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { openWindow, signIn, startChromium } from '../../test/e2e/browser/chromium.ts';
import { openR9, R9_ALERT } from '../../test/e2e/r9.ts';
import type { Stage } from '../../test/e2e/stage.ts';
import { print, quantile } from './figures.ts';

// npx tsx lab/bench/console.ts [notes] [consoles] [events a second]: what somebody at the console waits for.
// 1. The first load of a page in kilobytes as they cross the wire, with an empty cache, and how many requests that takes.
// 2. Decision to screen: Bob's note is sent to the gateway; when does Alice's browser show it? Beside it when Bob has his answer.
// 3. So many readers of the live stream on one gateway, over ten incidents, while events come. Here the worker is stopped and
//    the events are written to the store as workers write them, so it is the gateway and the store that are measured, not
//    Temporal. Readers are connections, not browsers. Ends with 1 when a reader lost or repeated an event.
// 4. The same with open consoles: what is measured is when a reader has the part of the page that shows the event. Events
//    that follow each other closely come in one piece; ends with 1 when a console did not get the last one.

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

interface Figures {
  readonly delays: number[];
  faults: number;
  /** The newest event that each reader has seen, by sequence number. */
  readonly last: number[];
}

/** The API's readers are sent each event, in order. */
async function readEvents(stream: ReadableStream<Uint8Array>, index: number, figures: Figures): Promise<void> {
  for await (const { name, data } of serverEvents(stream)) {
    if (name !== 'timeline') continue;
    const { seq, text } = JSON.parse(data) as { seq: number; text: string };
    if (seq !== (figures.last[index] ?? 0) + 1) figures.faults += 1;
    figures.last[index] = seq;
    figures.delays.push(Date.now() - Number(text));
  }
}

/** Consoles are sent the timeline as it is shown: each event counts when it is in it for the first time. */
async function readPages(stream: ReadableStream<Uint8Array>, index: number, figures: Figures): Promise<void> {
  for await (const { name, data } of serverEvents(stream)) {
    if (name !== 'regions') continue;
    const known = figures.last[index] ?? 0;
    for (const [, seq, text] of data.matchAll(/data-seq=\\"(\d+)\\".*?: (\d{13})</g)) {
      if (Number(seq) <= known) continue;
      figures.delays.push(Date.now() - Number(text));
      figures.last[index] = Math.max(figures.last[index] ?? 0, Number(seq));
    }
  }
}

async function manyReaders(stage: Stage, facts: IncidentFacts, consoles: number, perSecond: number): Promise<void> {
  const store = await openStore({ url: stage.store.current().url });
  try {
    await readBy('readers', '/api/incidents/ID/events?since=1', readEvents, stage, store, facts, consoles, perSecond);
    await readBy('consoles', '/incidents/ID/events', readPages, stage, store, facts, consoles, perSecond);
  } finally {
    await store.close();
  }
}

async function readBy(
  who: 'readers' | 'consoles',
  path: string,
  read: typeof readEvents,
  stage: Stage,
  { projection }: Store,
  facts: IncidentFacts,
  consoles: number,
  perSecond: number,
): Promise<void> {
  const ids: string[] = [];
  for (let count = 0; count < INCIDENTS; count += 1) {
    const { body } = await stage.post(alertOf(who, count));
    ids.push(String(body.incidentId));
    await show(projection, ids[count] ?? '', facts, 1);
  }
  const stop = new AbortController();
  const cookies = await Promise.all(['alice', 'bob'].map((person) => cookieOf(stage, `token-of-${person}`)));
  const streams = await Promise.all(
    Array.from({ length: consoles }, async (_, index) => {
      const answer = await fetch(`${stage.gatewayUrl}${path.replace('ID', ids[index % INCIDENTS] ?? '')}`, {
        headers:
          who === 'readers'
            ? { authorization: 'Bearer token-of-alice' }
            : { cookie: cookies[Math.floor(index / INCIDENTS) % 2] ?? '' },
        signal: stop.signal,
      });
      if (answer.body === null) throw new Error(`The gateway answers ${answer.status}.`);
      return answer.body;
    }),
  );
  const figures: Figures = { delays: [], faults: 0, last: streams.map(() => 1) };
  const reading = streams.map((stream, index) => read(stream, index, figures));
  const wantedEach = (perSecond * SECONDS) / INCIDENTS;
  const usedBefore = await cpuSeconds(stage);
  const startedMs = performance.now();
  for (let event = 0; event < wantedEach; event += 1) {
    await Promise.all(ids.map((id) => show(projection, id, facts, event + 2)));
    await pause(Math.max(0, startedMs + ((event + 1) * 1000 * INCIDENTS) / perSecond - performance.now()));
  }
  const writtenSeconds = (performance.now() - startedMs) / 1000;
  const giveUpMs = performance.now() + 60_000;
  const { last } = figures;
  while (last.some((seq) => seq < wantedEach + 1) && performance.now() < giveUpMs) await pause(50);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const used = (await cpuSeconds(stage)) - usedBefore;
  stop.abort();
  await Promise.allSettled(reading);
  const lost = last.reduce((sum, seq) => sum + (wantedEach + 1 - seq), 0);
  const what = who === 'readers' ? 'event stored → in a reader’s hands' : 'event stored → in a console’s page';
  print([
    ['milliseconds', 'p50', 'p99'],
    [what, quantile(figures.delays, 0.5), quantile(figures.delays, 0.99)],
  ]);
  process.stdout.write(
    `\n${consoles} ${who} of ${INCIDENTS} incidents, ${Math.round((wantedEach * INCIDENTS) / writtenSeconds)} events a second for ${writtenSeconds.toFixed(1)} s; ${figures.delays.length} deliveries, ${lost} lost, ${figures.faults} out of order; the gateway used ${((100 * used) / tookSeconds).toFixed(0)}% of a core.\n\n`,
  );
  if (lost > 0 || figures.faults > 0) process.exitCode = 1;
}

async function cookieOf(stage: Stage, token: string): Promise<string> {
  const answer = await fetch(`${stage.gatewayUrl}/session`, {
    method: 'POST',
    headers: { 'x-incident-console': '1', 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function cpuSeconds(stage: Stage): Promise<number> {
  const metrics = await (await fetch(`${stage.gatewayUrl}/metrics`)).text();
  return Number(/^incident_gateway_process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1] ?? Number.NaN);
}

/** One event as a worker shows it; its text is the instant at which it was given to the store. */
function show(projection: Projection, id: string, facts: IncidentFacts, seq: number): Promise<void> {
  const by = { person: 'bench', roles: [], via: 'machine' } as const;
  const event = { kind: 'noted', text: String(Date.now()), seq, at: facts.at, by, decisionId: null } as const;
  return projection.append(id, [event], { ...facts, incidentId: id, name: id });
}

function alertOf(who: string, count: number): unknown {
  const [alert] = R9_ALERT.alerts;
  const labels = { ...alert?.labels, alertname: `Bench${count}`, service: `${who}-${count}` };
  return {
    ...R9_ALERT,
    groupLabels: labels,
    commonLabels: labels,
    alerts: [{ ...alert, labels, fingerprint: `${who}-${count}` }],
  };
}

await main(Number(process.argv[2] ?? 30), Number(process.argv[3] ?? 200), Number(process.argv[4] ?? 100));
