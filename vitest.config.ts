import { defineConfig } from 'vitest/config';

/** Whole installations with processes of their own: a file at a time, for beside others they would starve. */
const WHOLE = ['test/e2e/**/*.test.ts', 'lab/test/demo/**/*.test.ts'];
/** What starts a server or a program; `test/no-programs.ts` sees to it that nothing else does. */
const SERVERS = [
  'test/{client,gateway,store,workflows,worker}/**/*.test.ts',
  'test/cli/{decide,doctor-accounts,doctor-code,drill-report,incidents,process,terminal,tools,watch}.test.ts',
  'test/activities/{customers/activities,evidence/changes,kubernetes/kustomize,postgres/client}.test.ts',
  'test/console/{pages,status-page,writing}.test.ts',
  'test/contract/**/*.test.ts',
  'test/lint.test.ts',
  'test/deploy/kubernetes-rights.test.ts',
  'test/replay/{gate,traced}.test.ts',
  'test/scripts/build.test.ts',
  'lab/test/embedded/**/*.test.ts',
  'lab/test/rehearsal/{clients,leaving}.test.ts',
  'lab/test/rehearsal/checks/*.test.ts',
  'lab/test/simulation/production.test.ts',
  'lab/test/simulation/{promql/prometheus-contract,systems/alertmanager-contract,systems/lent-database,systems/live-postgres,systems/virtual-postgres}.test.ts',
];

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'lab/test/**/*.test.ts'],
          exclude: [...WHOLE, ...SERVERS],
          setupFiles: 'test/no-programs.ts',
          // Nothing here keeps state in modules: one reading of them serves all files of a worker.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVERS,
          globalSetup: 'test/servers.ts',
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'whole', include: WHOLE, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
