import child from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

/** In the unit tier nothing starts a program, so that `npm run check` stays quick and needs nothing installed. */
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const)
  Object.assign(child, {
    [name]: () => {
      throw new Error('A unit test starts a program: name its file among SERVERS in vitest.config.ts.');
    },
  });
syncBuiltinESMExports();
