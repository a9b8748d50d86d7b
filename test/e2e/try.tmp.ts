import { openStage } from './stage.ts';
const live = process.argv[2] === 'live';
const stage = await openStage({ startAt: '2024-10-23T14:00:00.000Z', speed: 60, live });
stage.production.world.addFault({ kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true }, Date.parse('2024-10-23T14:15:00.000Z'));
await stage.clock.jumpTo(process.argv[3] ?? '2024-10-23T14:30:30.000Z');
console.log(stage.production.prometheus.activeAlerts().length);
const PAYLOAD = { version: '4', groupKey: 'x', truncatedAlerts: 0, status: 'firing', receiver: 'incidents', groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://a', alerts: [{ status: 'firing', labels: { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1' }, annotations: { summary: 'x' }, startsAt: '2024-10-23T14:30:00.000Z', endsAt: '0001-01-01T00:00:00Z', generatorURL: '', fingerprint: 'b9d2' }] };
const { body } = await stage.post(PAYLOAD); stage.clock.start();
const id = String(body.incidentId);
await stage.until('q', async () => ((await stage.facts(id))?.openQuestions.length ?? 0) > 0);
for (const e of await stage.timeline(id)) {
  if (e.kind === 'evidence-collected') for (const i of e.bundle.items) console.log(e.at, e.bundle.purpose, i.probe, i.abnormal, i.words.slice(0, 160));
  if (e.kind === 'evidence-collected') console.log('gaps', JSON.stringify(e.bundle.gaps));
  if (e.kind === 'explained') console.log(JSON.stringify(e.hypotheses.map(h => [h.cause, h.confidence, h.suggests.map(s => s.action), h.words])));
  else console.log(e.seq, e.at, e.kind, JSON.stringify(e).slice(0, 200));
}
await stage.close(); process.exit(0);
