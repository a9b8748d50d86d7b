import { describe, expect, it } from 'vitest';
import { createJira } from '../../lab/simulation/systems/jira.ts';
import { createPagerDuty } from '../../lab/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../lab/simulation/systems/people.ts';
import { createSocial } from '../../lab/simulation/systems/social.ts';
import { createZendesk } from '../../lab/simulation/systems/zendesk.ts';
import { type SystemFinding, stateOf } from '../../src/activities/finding.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { instant } from '../../src/domain/instant.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { bench } from '../contract/simulated.ts';
import { examined } from './examined.ts';

const SECRET = 'planted-doctor-secret';
const EMAIL = 'alice@noaserver.com';
const at = bench();

async function started(permissions?: readonly string[]) {
  const common = { clock: at.clock, faults: at.faults, log: at.log };
  const zendesk = createZendesk({ ...common, email: EMAIL, apiToken: SECRET, agents: [], written: () => [] });
  const jira = createJira({
    ...common,
    email: EMAIL,
    apiToken: SECRET,
    project: 'NOA',
    accounts: {},
    written: () => [],
    ...(permissions === undefined ? {} : { permissions }),
  });
  const pagerduty = createPagerDuty({ ...common, people: DEFAULT_PEOPLE, apiToken: SECRET });
  const social = createSocial({
    ...common,
    secrets: { xBearerToken: SECRET, blueskyIdentifier: 'i', blueskyAppPassword: SECRET, mastodonToken: SECRET },
    written: () => [],
  });
  const [a, b, c, d] = await Promise.all([zendesk.listen(), jira.listen(), pagerduty.listen(), social.listen()]);
  at.stops.push(async () => {
    await Promise.all([zendesk.close(), jira.close(), pagerduty.close(), social.close()]);
  });
  return {
    ZENDESK_URL: a.url,
    ZENDESK_EMAIL: EMAIL,
    ZENDESK_API_TOKEN: SECRET,
    JIRA_URL: b.url,
    JIRA_EMAIL: EMAIL,
    JIRA_API_TOKEN: SECRET,
    JIRA_PROJECT: 'NOA',
    PAGERDUTY_API_URL: c.url,
    PAGERDUTY_API_TOKEN: SECRET,
    PAGERDUTY_FROM_EMAIL: EMAIL,
    X_API_URL: d.xUrl,
    X_BEARER_TOKEN: SECRET,
    MASTODON_URL: d.mastodonUrl,
    MASTODON_ACCESS_TOKEN: SECRET,
  };
}

const all = (env: Readonly<Record<string, string>>) =>
  examined(env, ['Zendesk', 'Jira', 'PagerDuty REST', 'Social networks'], { now: instant(at.clock()) });

async function pagerDutyRest(env: Readonly<Record<string, string>>, policy: Policy): Promise<SystemFinding> {
  const [found] = await examined(env, ['PagerDuty REST'], { policy });
  return found as SystemFinding;
}

describe('doctor for the systems of customers', () => {
  it('says for which contact of the policy PagerDuty has nobody on call (R0.8)', async () => {
    const policy = await loadPolicy('policy/noa.yaml');
    const env = await started();
    expect(stateOf(await pagerDutyRest(env, policy))).toBe('ok');
    const cto = { ...policy.contacts.cto, onCall: { escalationPolicy: 'oncall-primary', level: 2 } };
    const vacant = { ...policy, contacts: { ...policy.contacts, cto } };
    expect(await pagerDutyRest(env, vacant)).toMatchObject({
      authorised: 'no',
      words: 'PagerDuty has nobody on call for cto (oncall-primary)',
    });
  });

  it('says ok when all is well, and unknown when nothing is configured', async () => {
    expect((await all(await started())).map(stateOf)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect((await all({})).map(stateOf)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('names what a token lacks, and the sentence that mends it', async () => {
    const env = await started(['BROWSE_PROJECTS', 'ADD_COMMENTS', 'ASSIGN_ISSUES', 'SCHEDULE_ISSUES', 'LINK_ISSUES']);
    const [, jira] = await all(env);
    expect(jira).toMatchObject({
      authorised: 'no',
      words: 'in NOA the token lacks CREATE_ISSUES',
      advice: expect.stringContaining('permission scheme'),
    });
    const [, , pagerduty] = await all({ ...env, PAGERDUTY_FROM_EMAIL: 'nobody@noaserver.com' });
    expect(pagerduty).toMatchObject({ authorised: 'no', words: 'PagerDuty has no user nobody@noaserver.com' });
  });

  it('says which credential is refused, without showing any', async () => {
    const env = await started();
    const wrong = 'another-planted-secret';
    const findings = await all({
      ...env,
      ZENDESK_API_TOKEN: wrong,
      JIRA_API_TOKEN: wrong,
      PAGERDUTY_API_TOKEN: wrong,
      X_BEARER_TOKEN: wrong,
    });
    expect(findings.map(({ authorised }) => authorised)).toEqual(['no', 'no', 'no', 'no']);
    expect(JSON.stringify(findings)).not.toContain(wrong);
    expect(findings[3]?.words).toBe('X answers 401');
  });
});
