import type { DrillToolkit } from '../../src/cli/lab.ts';

/** `incident drill …`. What a command does is loaded when it runs. */
export function addDrillCommands({ drill, io, leaf, flagsOf, done }: DrillToolkit): void {
  const load = () => import('./drill.ts');
  leaf(drill, 'run <path...>', 'play drill files, or all of a folder')
    .option('--real-time', 'let time pass as it does')
    .option('--speed <n>', 'incident seconds in one real second')
    .option('--parallel <n>', 'drills at once; as many as there are cores when left out')
    .action(async (paths: string[], _own, command) =>
      done(await (await load()).runDrillFiles(io, paths, flagsOf(command))),
    );
  leaf(
    drill,
    'report <path...>',
    'a row for each drill: cause, actions, wrong ones, times, promises; or of `run --json` output',
  )
    .option('--parallel <n>', 'drills at once; as many as there are cores when left out')
    .action(async (paths: string[], _own, command) =>
      done(await (await import('./drill-report.ts')).reportDrills(io, paths, flagsOf(command))),
    );
  leaf(drill, 'list [path...]', 'the drills of drills/, or of another folder').action(
    async (paths: string[], _own, command) => done(await (await load()).listDrills(io, paths, flagsOf(command))),
  );
  leaf(drill, 'generate', 'random drills whose truth is known; the same seed gives the same files')
    .option('--seed <n>', 'which set', '1')
    .option('--count <n>', 'how many', '10')
    .option('--out <folder>', 'write a file each there; printed when left out')
    .action(async (_own, command) => done(await (await load()).generateDrills(io, flagsOf(command))));
  leaf(drill, 'schema', 'the format of drill files as a JSON Schema').action(async () =>
    (await load()).printDrillSchema(io),
  );
}
