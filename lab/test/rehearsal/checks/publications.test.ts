import { describe, expect, it } from 'vitest';
import { contradicted } from '../../../rehearsal/checks/publications.ts';
import { at, incident, played } from './played.ts';

/** A thousand requests a minute; four of ten fail from 9:15 to 9:45. */
const world = {
  truths: () => [],
  requests(fromMs: number, untilMs: number) {
    const failing = Math.max(0, Math.min(untilMs, at(45)) - Math.max(fromMs, at(15))) / 60_000;
    return { total: ((untilMs - fromMs) / 60_000) * 1000, failed: failing * 400 };
  },
};

function said(systems: object): readonly string[] {
  return contradicted(played({ systems: { world, ...systems } }));
}

function page(minute: number, status: string, body = '', components: object = {}) {
  return { statusPage: { ledger: [{ atMs: at(minute), incident: 'i', status, body, components }] } };
}

function post(minute: number, text: string) {
  return { slack: { channels: [], messages: [], ledger: [{ atMs: at(minute), method: 'chat.postMessage', text }] } };
}

function mail(minute: number, subject: string, text: string) {
  return { smtp: { mails: [{ atMs: at(minute), subject, text, ics: null, to: [], headers: {} }] } };
}

describe('nothing published that the world contradicts', () => {
  it.each([
    ['the status page', page(40, 'resolved'), page(50, 'resolved')],
    [
      'a component',
      page(40, 'monitoring', '', { api: 'operational' }),
      page(50, 'monitoring', '', { api: 'operational' }),
    ],
    ['Slack', post(40, '[RESOLVED - 09:40 UTC]'), post(50, '[RESOLVED - 09:50 UTC]')],
    ['a mail', mail(40, '[P1] Resolved: errors', ''), mail(50, '[P1] Resolved: errors', '')],
  ])('by %s: that it is over', (_where, early, late) => {
    expect(said(early)).toHaveLength(1);
    expect(said(late)).toEqual([]);
  });

  it('but not that something is over which the policy does not describe', () => {
    const policy = {
      service: { name: 'api', application: { deployment: 'api' }, companions: [], providers: [] },
      intake: { dependsOn: {} },
      communication: { statusPageComponents: [] },
    };
    const about = (service: string) => {
      const incidents = [incident('incident-1', [10, { kind: 'opened', service } as never])];
      const systems = { world, ...mail(40, '[P2] Resolved: the queue is long (incident-1)', '') };
      return contradicted(played({ incidents, systems, policy }));
    };
    expect(about('report-batch')).toEqual([]);
    expect(about('api')).toHaveLength(1);
  });

  it.each([
    ['Slack', post],
    ['the status page', (minute: number, text: string) => page(minute, 'investigating', text)],
    ['a mail', (minute: number, text: string) => mail(minute, 'still open', text)],
  ])('by %s: how many requests fail', (_where, tell) => {
    expect(said(tell(30, 'Impact: 41% of requests fail, p95 is 2 s.'))).toEqual([]);
    expect(said(tell(30, 'Impact: 48% of requests fail, p95 is 2 s.'))[0]).toContain('in the world it was 40%');
    // Nothing had failed by then.
    expect(said(tell(10, '40% of the requests fail'))).toHaveLength(1);
  });

  it('to customers: how many failed between the minutes that it names', () => {
    const words = (percent: number, until: string) =>
      `a disruption from 09:15 to ${until} UTC. Approximately ${percent}% of API requests failed during that window.`;
    expect(said(mail(90, 'Notification', words(40, '09:45')))).toEqual([]);
    expect(said(mail(90, 'Notification', words(20, '10:15')))).toEqual([]);
    expect(said(mail(90, 'Notification', words(40, '10:15')))).toHaveLength(1);
    expect(said(mail(90, 'Notification', words(12, '09:45')))).toHaveLength(1);
  });
});
