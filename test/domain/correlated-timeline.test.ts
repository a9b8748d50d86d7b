import { describe, expect, it } from 'vitest';
import { correlatedTimeline } from '../../src/domain/correlated-timeline.ts';
import { documentTimeline } from '../../src/domain/document-timeline.ts';
import { event } from '../views/facts.ts';
import { chainOfR9, item, looked, on } from './chain-scene.ts';

const told = (timeline = chainOfR9()) =>
  correlatedTimeline(timeline).map(
    (line) => `${line.at.slice(11, 16)} ${line.role} ${line.system}: ${line.words} (${line.meaning})`,
  );

describe('the correlated timeline (R5.5, R9)', () => {
  it('brings deploy, climb, exhaustion, errors, alert, rollback and recovery of several systems into one chain', () => {
    expect(told()).toEqual([
      '14:15 change Kubernetes: noa-mcp was rolled out as revision 4: "feature X" (noa-mcp:v4) (10 minutes before the number of busy database connections began to climb; the explanation names it)',
      '14:20 change Kubernetes: noa-docs was rolled out as revision 9: "typo" (noa-mcp:v9) (5 minutes before the number of busy database connections began to climb; the explanation does not name it)',
      '14:25 climb Prometheus: The number of busy database connections began to climb (10 minutes after the rollout of noa-mcp)',
      '14:30 exhausted Prometheus: The number of busy database connections went above 80, to 100 at most (5 minutes after the number of busy database connections began to climb)',
      '14:30 symptom Prometheus: The error rate went above 5%, to 45% at most (less than a minute after the number of busy database connections went above 80)',
      '14:31 alert Alertmanager: HighErrorRate: API Error Rate >10% (1 minute after the number of busy database connections went above 80)',
      '14:45 action Kubernetes: rollback of noa-mcp: 3 pods are new (15 minutes after the number of busy database connections went above 80)',
      '14:47 recovery Prometheus: The number of busy database connections came back to 80 or less (2 minutes after the rollback of noa-mcp)',
      '14:49 recovery Prometheus: The error rate came back to 5% or less (4 minutes after the rollback of noa-mcp)',
      '14:52 recovery Prometheus: errors 2% (7 minutes after the rollback of noa-mcp)',
      '15:05 recovery Prometheus: errors 0.5% (20 minutes after the rollback of noa-mcp)',
    ]);
  });

  it('says of each line how it would be seen again, and which event tells the same', () => {
    const lines = correlatedTimeline(chainOfR9());
    const source = (words: string) => lines.find((line) => line.words.startsWith(words));
    expect(source('noa-mcp was')?.source).toEqual({ command: 'ask rollouts', link: null });
    expect(source('The error rate went')).toMatchObject({
      source: { command: 'failed / all', link: 'https://grafana.example/d/overview' },
      seq: null,
    });
    expect(source('rollback of')).toMatchObject({
      source: { command: 'kubectl rollout undo deployment/noa-mcp' },
      seq: 6,
    });
  });

  it('is the same from what a document is written from', () => {
    expect(told(documentTimeline(chainOfR9()))).toEqual(told());
  });

  it('tells a relapse, pods killed for their memory, changed configuration and the first of many log lines', () => {
    const [opened, ...rest] = chainOfR9();
    const beside = looked(
      '15:10',
      'root-cause',
      item({ probe: 'config-changes', changes: [{ configmap: 'flags', changedAt: on('14:10'), by: 'eve' }] }),
      item({
        probe: 'pods',
        total: 1,
        pods: [
          {
            name: 'noa-mcp-1',
            app: 'noa-mcp',
            node: 'n',
            phase: 'Running',
            ready: true,
            restarts: 1,
            problem: null,
            lastTermination: 'OOMKilled',
            startedAt: on('14:35'),
          },
        ],
      }),
      item({
        probe: 'log-export',
        lines: 9,
        patterns: [
          { kind: 'database-connection', pattern: 'too many clients', count: 7, firstAt: on('14:29'), example: 'x' },
          { kind: 'other', pattern: 'hello', count: 70, firstAt: on('14:01'), example: 'x' },
        ],
      }),
    );
    const events = [opened, ...rest, beside, event('15:12', { kind: 'relapsed', words: 'errors 44%' })].flatMap(
      (one, index) => (one === undefined ? [] : [{ ...one, seq: index + 1 }]),
    );
    const all = told(events);
    expect(all).toContain(
      '14:10 change Kubernetes: The ConfigMap flags was changed by eve (15 minutes before the number of busy database connections began to climb; the explanation does not name it)',
    );
    expect(all).toContain(
      '14:35 exhausted Kubernetes: noa-mcp-1 was killed for its memory and started again (5 minutes after the number of busy database connections went above 80)',
    );
    expect(all).toContain(
      '14:29 symptom Kubernetes: The first of 7 log lines: too many clients (4 minutes after the number of busy database connections began to climb)',
    );
    expect(all.at(-1)).toBe('15:12 relapse Prometheus: errors 44% (7 minutes after it was resolved)');
    expect(all.join('\n')).not.toContain('hello');
  });

  it('is empty while nothing is dated, and knows nothing of changes of the day before', () => {
    const [opened] = chainOfR9();
    expect(told([])).toEqual([]);
    expect(opened === undefined ? null : told([opened])).toEqual([]);
    expect(told().join('\n')).not.toContain('session export');
  });
});
