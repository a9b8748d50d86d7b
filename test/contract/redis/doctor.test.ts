import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examined } from '../../cli/examined.ts';
import { missingProgram, type RealServer, startServer } from '../servers.ts';

const missing = missingProgram('redis-server');

describe.skipIf(missing !== null)('doctor on a real Redis with rights (needs redis-server)', () => {
  let server: RealServer;
  const found = async (user: string, password = 'pw-1') => {
    const env = { SERVICE_CACHE_URL: `redis://${user}:${password}@127.0.0.1:${server.port}` };
    return (await examined(env, ['service cache']))[0];
  };

  beforeAll(async () => {
    server = await startServer('redis-server', (port) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
    const admin = createClient({ url: `redis://127.0.0.1:${server.port}` });
    await admin.connect();
    const rights = ['+ping', '+info', '+client|list', '+hello', '+auth'];
    await admin.sendCommand(['ACL', 'SETUSER', 'runbook', 'on', '>pw-1', ...rights]);
    await admin.sendCommand(['ACL', 'SETUSER', 'blind', 'on', '>pw-1', '+ping', '+hello', '+auth']);
    admin.destroy();
  }, 30_000);
  afterAll(() => server.stop());

  it('is content with exactly the rights that docs/running.md names', async () => {
    expect(await found('runbook')).toMatchObject({ reachable: 'yes', authorised: 'yes', advice: null });
  });

  it('names the rights that are missing, with the command that gives them', async () => {
    const finding = await found('blind');
    expect(finding).toMatchObject({ authorised: 'no' });
    expect(finding?.advice).toBe('Give the user the missing rights: ACL SETUSER blind +info +client|list');
  });

  it('says that the password is wrong, and not which', async () => {
    const finding = await found('runbook', 'planted-wrong-password');
    expect(finding).toMatchObject({ authorised: 'no', words: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(finding)).not.toContain('planted-wrong-password');
  });
});
