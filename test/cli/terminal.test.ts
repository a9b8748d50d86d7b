import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../src/cli/columns.ts';
import { event } from '../views/facts.ts';
import { incident, QUESTION, startFakeGateway, TOKEN } from './fake-gateway.ts';
import { REPOSITORY } from './run.ts';

const LONG = 'noa-mcp back to revision 41 (registry.example/noa-mcp:v1.9.0), three pods one after another';
const SIZES = ['100x30', '44x40', '30x8'];

/** `incident watch` as somebody types it, in a pseudo-terminal that is made smaller while it runs. */
async function watchInTerminal(): Promise<{ readonly code: number; readonly screens: readonly string[] }> {
  const gateway = await startFakeGateway();
  const [proposed, other] = QUESTION.options;
  const options = [{ ...proposed, preview: LONG }, other] as typeof QUESTION.options;
  const r9 = incident('incident-20241023-1430', { openQuestions: [{ ...QUESTION, options }] });
  r9.events = [{ ...event('14:40', { kind: 'noted', text: 'looking' }, 'jane'), seq: 1 }];
  gateway.incidents.push(r9);
  const command = [join(REPOSITORY, 'bin', 'incident'), 'watch', '1430'];
  const ran = promisify(execFile)(
    'python3',
    [join(import.meta.dirname, 'resized-terminal.py'), SIZES.join(','), ...command],
    {
      env: { ...process.env, INCIDENT_URL: gateway.url, INCIDENT_TOKEN: TOKEN, TERM: 'xterm-256color', NO_COLOR: '' },
      timeout: 60_000,
    },
  );
  const { code, stdout } = await ran.then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  await gateway.close();
  return { code, screens: stdout.split('\f') };
}

/** The rows of the last drawing that is surely complete, as they are seen. */
function lastScreen(written: string): readonly string[] {
  const drawn = written.split('\x1b[?1049l')[0]?.split('\x1b[H').at(-2) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the screen is made of escape sequences.
  return drawn.split(/\r?\n/).map((row) => row.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, ''));
}

describe('watch in a real terminal', () => {
  it('fits each size, says whole what is asked and what to type, and gives the terminal back after Ctrl-C', async () => {
    const { code, screens } = await watchInTerminal();
    expect(code).toBe(130);
    expect(screens).toHaveLength(SIZES.length);
    for (const [index, size] of SIZES.entries()) {
      const [columns = 0, rows = 0] = size.split('x').map(Number);
      const screen = lastScreen(screens[index] ?? '');
      expect(screen.length, size).toBeLessThanOrEqual(rows);
      for (const row of screen) expect(columnsOf(row), `${size}: ${row}`).toBeLessThanOrEqual(columns);
      if (rows < 10) continue;
      const words = screen.join(' ').replace(/ +/g, ' ');
      expect(words, size).toContain('incident approve 1430 mitigation-1 --option restart');
      expect(words, size).toContain(LONG);
    }
    const end = screens.at(-1) ?? '';
    for (const sequence of ['\x1b[?7h', '\x1b[?25h', '\x1b[?1049l']) expect(end).toContain(sequence);
  }, 90_000);
});
