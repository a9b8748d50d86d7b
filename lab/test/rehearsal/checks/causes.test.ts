import { describe, expect, it } from 'vitest';
import { causeChecks } from '../../../rehearsal/checks/causes.ts';
import { incident, played, type Told } from './played.ts';

const TWO = 'expect: { causes: [{ kind: bad-deploy, names: [noa-mcp] }, { kind: redis-down }] }\n';
const DEPLOY = guess('bad-deploy', 0.67, 'noa-mcp', 'usage report');
const REDIS = guess('redis-down', 0.64, 'noa-redis');
const LEAK = guess('memory-leak', 0.5, 'noa-mcp');

function guess(cause: string, confidence: number, ...names: string[]) {
  return { id: `${cause}:${names.join()}`, cause, names, confidence };
}

function explained(minutes: number, ...hypotheses: readonly unknown[]): Told {
  return [minutes, { kind: 'explained', hypotheses } as never];
}

function proposed(minutes: number): Told {
  return [minutes, { kind: 'approval-requested', approval: { options: [{ name: 'rollback', plan: {} }] } } as never];
}

function verdict(drill: string, ...incidents: ReturnType<typeof incident>[]) {
  return causeChecks(played({ drill, incidents })).map(({ check, passed }) => `${check} ${passed}`);
}

describe('the cause', () => {
  it('is the explanation ranked first when the first remedy was proposed, whatever was found afterwards', () => {
    const drill = 'expect: { cause: { kind: redis-down } }\n';
    expect(verdict(drill, incident('a', explained(1, REDIS), proposed(2), explained(3, DEPLOY)))).toEqual([
      'cause true',
    ]);
    expect(verdict(drill, incident('a', explained(1, DEPLOY), proposed(2), explained(3, REDIS)))).toEqual([
      'cause false',
      'cause acted on first false',
    ]);
  });

  it('of two faults in one incident is found once each has led, not when it is one guess among others', () => {
    const both = incident('a', explained(1, DEPLOY, REDIS), proposed(2), explained(8, REDIS, DEPLOY));
    expect(verdict(TWO, both)).toEqual(['cause true', 'cause true']);
    const guessed = incident('a', explained(1, DEPLOY, REDIS), proposed(2), explained(8, DEPLOY, REDIS));
    expect(verdict(TWO, guessed)).toEqual(['cause true', 'cause false']);
  });

  it('of two faults may be told as being there as well, as long as it is not one of many', () => {
    const sure = guess('redis-down', 0.9, 'noa-redis');
    expect(verdict(TWO, incident('a', explained(1, DEPLOY, sure), proposed(2)))).toEqual(['cause true', 'cause true']);
    const more = guess('node-down', 0.9, 'node-1');
    const many = incident('a', explained(1, DEPLOY, more, sure), proposed(2));
    expect(verdict(TWO, many)).toEqual(['cause true', 'cause false']);
  });

  it('that was acted on first must be one of them, although both were found in the end', () => {
    const late = incident('a', explained(1, LEAK), proposed(2), explained(5, DEPLOY), explained(8, REDIS));
    expect(verdict(TWO, late)).toEqual(['cause true', 'cause true', 'cause acted on first false']);
  });

  it('of each incident counts by itself when there are as many incidents as causes', () => {
    const one = incident('a', explained(1, DEPLOY), proposed(2), explained(8, REDIS));
    const other = incident('b', explained(1, REDIS), proposed(2));
    const same = incident('b', explained(1, DEPLOY), proposed(2), explained(8, REDIS));
    expect(verdict(TWO, one, other)).toEqual(['cause true', 'cause true']);
    expect(verdict(TWO, one, same)).toEqual(['cause true', 'cause false']);
  });

  it('may be found later where the other incident is about a service that the policy does not describe', () => {
    const policy = {
      service: { name: 'api', application: { deployment: 'api' }, companions: [], providers: [] },
      intake: { dependsOn: {} },
      communication: { statusPageComponents: [] },
    };
    const one = incident('a', explained(1, DEPLOY), proposed(2), explained(8, REDIS));
    const beside = (service: string) => incident('b', [0, { kind: 'opened', service } as never]);
    const found = (service: string) =>
      causeChecks(played({ drill: TWO, incidents: [one, beside(service)], policy })).map(({ passed }) => passed);
    expect(found('report-batch')).toEqual([true, true]);
    expect(found('api')).toEqual([true, false]);
  });

  it('is missing when nothing was explained', () => {
    expect(verdict(TWO, incident('a'))).toEqual(['cause false', 'cause false']);
  });
});
