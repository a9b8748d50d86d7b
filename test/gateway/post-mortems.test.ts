import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIncidentClient, type IncidentClient, type PostMortemAnswer } from '../../src/client/incident-client.ts';
import type { PostMortemStatus, RunbookChangeStatus } from '../../src/workflows/post-mortem/api.ts';
import { anEvent, someFacts } from '../store/examples.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

const AT = '2024-10-23T15:05:00.000Z';
const DRAFT = '# Post-Mortem\n\n## Lessons Learned\n\n_For people to write: what the team learned._\n';
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

let postgres: TestPostgres;
let rig: GatewayRig;
let real: IncidentClient;
let id: string;
let answer: PostMortemAnswer;
let said: object[];
let runbook: RunbookChangeStatus | null;

const status = (digest: string): PostMortemStatus => ({
  versions: [{ digest, by: 'machine', at: AT }],
  approved: null,
  publishedDigest: digest,
  location: null,
  chases: 0,
  shared: false,
});

beforeAll(async () => {
  postgres = await testPostgres();
  real = createIncidentClient({ connection: { address: '127.0.0.1:1' }, namespace: 'default', answerWithinMs: 200 });
  // The document's workflow has its own test; here it is the address that is tested.
  const client: IncidentClient = {
    ...real,
    postMortem: async () => ({ ok: true, value: { ...status(digestOf(DRAFT)), runbook } }),
    async editPostMortem(_id, edit) {
      said.push(edit);
      return answer;
    },
    async approvePostMortem(_id, approval) {
      said.push(approval);
      return answer;
    },
    async editRunbookChange(_id, edit) {
      said.push(edit);
      return answer;
    },
    async withholdRunbookChange(_id, wanted) {
      said.push(wanted);
      return answer;
    },
    async proposeRunbookChange(_id, wanted) {
      said.push(wanted);
      return answer;
    },
  };
  rig = await gatewayRig({ url: await postgres.fresh(), client, start: false });
  await rig.alertmanager([wireAlert()]);
  id = 'incident-20241023-1430';
  const { digest } = await rig.store.evidence.put({ body: DRAFT, mediaType: 'text/markdown', at: AT });
  const written = { kind: 'post-mortem-written', location: 'https://docs/x', digest, approved: false } as const;
  await rig.store.projection.append(id, [anEvent(1, AT, written)], someFacts(id, AT));
});
beforeEach(() => {
  said = [];
  runbook = null;
  answer = { outcome: 'accepted', status: status('d') };
});
afterAll(async () => {
  await rig.app.close();
  await rig.forwarder.stop();
  await rig.store.close();
  await real.close();
  await postgres.stop();
});

async function call(method: 'PUT' | 'POST', path: string, person: string, payload: object) {
  const url = `/api/incidents/${id}/post-mortem${path}`;
  const reply = await rig.app.inject({ method, url, headers: as(person), payload: JSON.stringify(payload) });
  return { status: reply.statusCode, json: reply.json() };
}

describe('the post-mortem over HTTP (R6.3)', () => {
  it('is read with the digest that an edit has to name', async () => {
    const reply = await rig.app.inject({
      method: 'GET',
      url: `/api/incidents/${id}/post-mortem`,
      headers: as('viewer'),
    });
    expect(reply.body).toBe(DRAFT);
    expect(reply.headers['x-post-mortem-digest']).toBe(digestOf(DRAFT));
  });

  it('stores an edit before anybody is told of it, and says what still waits for words', async () => {
    const saved = await call('PUT', '', 'responder', { text: `${DRAFT}more`, basedOn: digestOf(DRAFT) });
    expect(saved).toMatchObject({ status: 200, json: { openPlaces: ['what the team learned'] } });
    expect(said).toMatchObject([{ digest: saved.json.digest, basedOn: digestOf(DRAFT), by: 'responder' }]);
    expect((await rig.store.evidence.get(saved.json.digest))?.body.toString()).toBe(`${DRAFT}more\n`);
  });

  it.each([
    ['somebody who may only look', 'viewer', { text: 'x', basedOn: digestOf(DRAFT) }, 403, /responder/],
    ['no text', 'responder', { text: ' ', basedOn: digestOf(DRAFT) }, 422, /must not be empty/],
    ['no digest', 'responder', { text: 'x', basedOn: 'new' }, 422, /digest of a text/],
    ['a member too many', 'responder', { text: 'x', basedOn: digestOf(DRAFT), by: 'me' }, 422, /does not know "by"/],
  ])('refuses an edit: %s', async (_what, person, payload, code, words) => {
    const refused = await call('PUT', '', person, payload);
    expect(refused.status).toBe(code);
    expect(refused.json.error).toMatch(words);
    expect(said).toEqual([]);
  });

  it('passes on why an edit came too late', async () => {
    answer = { outcome: 'refused', words: 'Somebody else has edited the post-mortem since you began.' };
    const late = await call('PUT', '', 'responder', { text: 'x', basedOn: digestOf(DRAFT) });
    expect(late).toMatchObject({ status: 409, json: { error: expect.stringContaining('Somebody else') } });
  });

  it('is approved by who leads, with no place left open unless they say so', async () => {
    const digest = digestOf(DRAFT);
    expect((await call('POST', '/approve', 'responder', { digest })).status).toBe(403);
    const open = await call('POST', '/approve', 'commander', { digest });
    expect(open).toMatchObject({ status: 409, json: { openPlaces: ['what the team learned'] } });
    expect(said).toEqual([]);
    expect((await call('POST', '/approve', 'commander', { digest, anyway: true })).status).toBe(200);
    expect(said).toMatchObject([{ digest, by: 'commander' }]);
  });
});

describe('the change of a runbook over HTTP (R6.5)', () => {
  const ADDITION = '### What it taught\n';
  const change = (): RunbookChangeStatus => ({
    incidentId: id,
    file: 'docs/runbooks/TROUBLESHOOTING_DATABASE.md',
    stage: 'drafted',
    digest: digestOf(ADDITION),
    by: 'machine',
    at: AT,
    words: 'It becomes a pull request at 16:05 UTC unless somebody withholds it.',
    link: null,
    opensAt: '2024-10-23T16:05:00.000Z',
    told: true,
  });
  const ask = async (method: 'GET' | 'PUT' | 'POST', path: string, person: string, payload?: object) => {
    const url = `/api/incidents/${id}/runbook-change${path}`;
    const body = payload === undefined ? {} : { payload: JSON.stringify(payload) };
    const reply = await rig.app.inject({ method, url, headers: as(person), ...body });
    return { status: reply.statusCode, json: reply.json() };
  };

  it('is not there before it is drafted', async () => {
    expect(await ask('GET', '', 'viewer')).toMatchObject({
      status: 404,
      json: { error: expect.stringContaining('drafted when the post-mortem is approved') },
    });
  });

  it('is read with its text, and from the record once its workflow has ended', async () => {
    await rig.store.evidence.put({ body: ADDITION, mediaType: 'text/markdown', at: AT });
    runbook = change();
    expect((await ask('GET', '', 'viewer')).json).toMatchObject({ stage: 'drafted', text: ADDITION });
    runbook = null;
    const { told: _told, opensAt: _opensAt, ...kept } = change();
    const proposed = { ...kept, stage: 'proposed', link: 'https://github.example/7' } as const;
    await rig.store.runbookChanges.keep(proposed);
    await rig.store.runbookChanges.keep({ ...kept, at: '2024-10-23T15:00:00.000Z' });
    expect((await ask('GET', '', 'viewer')).json).toMatchObject({ ...proposed, opensAt: null, text: ADDITION });
  });

  it('takes another text from who may write, and a no or a go from who leads', async () => {
    const basedOn = digestOf(ADDITION);
    expect((await ask('PUT', '', 'viewer', { text: 'x', basedOn })).status).toBe(403);
    expect((await ask('PUT', '', 'responder', { text: 'better', basedOn })).status).toBe(200);
    expect(said).toMatchObject([{ digest: digestOf('better\n'), basedOn, by: 'responder' }]);
    expect((await rig.store.evidence.get(digestOf('better\n')))?.body.toString()).toBe('better\n');
    expect((await ask('POST', '/withhold', 'responder', { because: 'no' })).status).toBe(403);
    expect((await ask('POST', '/withhold', 'commander', { because: ' ' })).status).toBe(422);
    expect((await ask('POST', '/withhold', 'commander', { because: 'said already' })).status).toBe(200);
    expect((await ask('POST', '/propose', 'commander', { digest: basedOn })).status).toBe(200);
    expect(said.slice(1)).toMatchObject([
      { because: 'said already', by: 'commander' },
      { digest: basedOn, by: 'commander' },
    ]);
    answer = { outcome: 'refused', words: 'It is proposed already.' };
    expect((await ask('POST', '/propose', 'commander', { digest: basedOn })).status).toBe(409);
  });
});
