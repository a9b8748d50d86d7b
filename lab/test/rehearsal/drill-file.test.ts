import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DrillError } from '../../rehearsal/drill.ts';
import { parseDrill } from '../../rehearsal/drill-file.ts';
import { drillJsonSchema } from '../../rehearsal/drill-schema.ts';
import { FAULT_SCHEMAS } from '../../rehearsal/fault-schemas.ts';
import { durationMs, durationWords } from '../../rehearsal/schema-parts.ts';
import { FAULT_KINDS } from '../../simulation/faults/faults.ts';

const HEAD = 'drill: one\nversion: 1\nstart: 2026-03-03T09:00:00Z\n';

function problems(text: string): readonly string[] {
  try {
    parseDrill(text, 'one.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof DrillError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

describe('a drill file', () => {
  it('is completed with the defaults of the format', () => {
    const drill = parseDrill(HEAD, 'one.yaml');
    expect(drill).toMatchObject({
      name: 'one',
      seed: 1,
      until: { state: 'resolved' },
      limitMs: 86_400_000,
      policyFile: 'policy/noa.yaml',
      people: [],
      faults: [],
    });
    expect(drill.startAtMs).toBe(Date.UTC(2026, 2, 3, 9));
  });

  it('reads faults with their parameters, and how long they last', () => {
    const drill = parseDrill(
      `${HEAD}faults:\n  - { at: 1h30m, kind: provider-outage, provider: claude, mode: down, for: 10m }\n`,
      'one.yaml',
    );
    expect(drill.faults).toEqual([
      { atMs: 5_400_000, spec: { kind: 'provider-outage', provider: 'claude', mode: 'down', forMs: 600_000 } },
    ]);
  });

  it('puts the first person on call, the next responder behind, and managers where their role says', () => {
    const people = [
      '  - { who: a, roles: [responder, approver] }',
      '  - { who: b, roles: [responder] }',
      '  - { who: m, roles: [engineering-manager] }',
    ].join('\n');
    const contacts = (text: string) => parseDrill(text, 'one.yaml').people.map((person) => person.contacts);
    expect(contacts(`${HEAD}people:\n${people}\n`)).toEqual([
      ['oncall-primary'],
      ['oncall-backup'],
      ['engineering-manager'],
    ]);
    expect(contacts(`${HEAD}onCall: b\npeople:\n${people}\n`)).toEqual([
      ['oncall-backup'],
      ['oncall-primary'],
      ['engineering-manager'],
    ]);
  });

  it('says where a slip stands and what was probably meant', () => {
    expect(problems(`${HEAD}untill: resolved\n`)).toEqual(['4:1 unknown key "untill"; did you mean "until"?']);
    expect(problems(`${HEAD}faults:\n  - { at: 5m, kind: provider-outtage }\n`)).toEqual([
      '5:21 "provider-outtage" is no kind of fault; did you mean "provider-outage"?',
    ]);
    expect(problems(`${HEAD}faults:\n  - { at: 5m, kind: bad-deploy, chnge: x }\n`)).toEqual([
      '5:33 unknown key "chnge"; did you mean "change"?',
    ]);
    expect(problems(`${HEAD}people:\n  - { who: a, at: 5m, does: aprove }\n`)).toEqual([
      '5:29 "aprove" is no thing to do; did you mean "approve"?',
    ]);
    expect(problems(`${HEAD}wires:\n  - { at: 5m, system: slak, fault: down }\n`)[0]).toContain(
      'did you mean "slack"?',
    );
    expect(problems(`${HEAD}limit: 5 minutes\n`)[0]).toContain('must be a duration such as');
  });

  it('finds everything that is wrong at once, in the order of the lines', () => {
    expect(problems('drill: One\nversion: 2\nstart: yesterday\n').map((line) => line.split(':')[0])).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('takes a fault of a process at a time, and in the middle of a mailing where it says after how many mails', () => {
    const wires = (more: string) =>
      parseDrill(`${HEAD}wires:\n  - { at: 5m, process: worker, fault: killed${more} }\n`, 'x.yaml').wires;
    expect(wires('')).toMatchObject([{ kind: 'process', atMs: 300_000, afterMails: null }]);
    expect(wires(', afterMails: 60')).toMatchObject([{ kind: 'process', atMs: 300_000, afterMails: 60 }]);
    expect(problems(`${HEAD}wires:\n  - { at: 5m, process: worker, fault: killed, afterMails: 0 }\n`)).toHaveLength(1);
    expect(problems(`${HEAD}wires:\n  - { at: 5m, system: smtp, fault: down, afterMails: 1 }\n`)).toHaveLength(1);
  });

  it('knows exactly the faults that the simulated world plays', () => {
    expect(Object.keys(FAULT_SCHEMAS).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it('refuses what the simulated production does not play, instead of playing it wrongly', () => {
    expect(problems(`${HEAD}wires:\n  - { at: 5m, system: documents, fault: down }\n`)[0]).toContain(
      'has no documents',
    );
  });

  it('refuses an act of somebody who is not among its people', () => {
    const text = `${HEAD}people:\n  - { who: alice, roles: [responder] }\n  - { who: alise, at: 5m, does: note, text: hello }\n`;
    expect(problems(text)).toEqual(['6:12 alise does something but is not listed with roles; did you mean "alice"?']);
  });

  it('accepts every drill of this project', () => {
    const files = readdirSync('drills').filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThanOrEqual(9);
    for (const name of files) expect(problems(readFileSync(`drills/${name}`, 'utf8')), name).toEqual([]);
  });

  it('has a JSON Schema that knows every kind of fault', () => {
    const schema = JSON.stringify(drillJsonSchema());
    expect(schema).toContain('"provider-outage"');
    expect(schema).toContain('"alert-storm"');
  });
});

describe('durations', () => {
  it('are read and written as people write them', () => {
    expect(['20s', '14m', '1h30m', '2d', '0', '1.5h'].map(durationMs)).toEqual([
      20_000, 840_000, 5_400_000, 172_800_000, 0, 5_400_000,
    ]);
    expect([20_000, 5_400_000, 172_800_000, 0].map(durationWords)).toEqual(['20s', '1h30m', '2d', '0s']);
    expect(() => durationMs('soon')).toThrow('"soon" is not a duration');
  });
});
