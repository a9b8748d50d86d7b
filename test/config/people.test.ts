import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { peopleOfPolicyFile } from '../../src/config/people.ts';
import { loadPolicy } from '../../src/config/policy.ts';

describe('people of the policy file', () => {
  it('are read again when it changes, and stay when it breaks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'incident-people-'));
    const file = join(folder, 'policy.yaml');
    const tokens = join(folder, 'tokens.json');
    const text = readFileSync('policy/noa.yaml', 'utf8');
    writeFileSync(file, text);
    writeFileSync(tokens, JSON.stringify({ alice: createHash('sha256').update('secret-of-alice').digest('hex') }));
    const reports: string[] = [];
    const people = peopleOfPolicyFile(file, loadPolicy, (words) => reports.push(words), tokens);
    expect((await people.byToken('secret-of-alice'))?.roles).toContain('commander');
    expect(await people.byToken('another')).toBeNull();

    writeFileSync(
      file,
      text.replace(
        'id: alice, name: Alice Archer, email: alice@noaserver.com, roles: [responder, commander, approver]',
        'id: alice, name: Alice Archer, email: alice@noaserver.com, roles: [viewer, responder]',
      ),
    );
    expect((await people.byToken('secret-of-alice'))?.roles).toEqual(['viewer', 'responder']);

    writeFileSync(file, 'people: [');
    expect((await people.byId('alice'))?.roles).toEqual(['viewer', 'responder']);
    expect(reports.join()).toMatch(/stay as they were/);
  });
});
