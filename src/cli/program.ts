import { Command, CommanderError, Option } from 'commander';
import type { Field } from '../domain/deciding/declare.ts';
import { optionUsage, usageOf } from '../domain/deciding/line.ts';
import { DECISION_NAMES, declarationOf } from '../domain/decision.ts';
import { QUICK_ACTION_NAMES, QUICK_CHECK_NAMES } from '../domain/quick-action.ts';
import type { DecideOptions } from './commands/decide.ts';
import type { CreateOptions, TimelineOptions } from './commands/incidents.ts';
import type { PostMortemOptions } from './commands/post-mortem.ts';
import type { PreviewOptions } from './commands/preview.ts';
import type { QuickOptions } from './commands/quick.ts';
import type { StatsOptions } from './commands/record.ts';
import type { RunbookChangeOptions } from './commands/runbook-change.ts';
import type { WatchOptions } from './commands/watch.ts';
import { CliFailure, EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { type AddDrillCommands, labIsMissing } from './lab.ts';
import { type CommonOptions, openSession, type Session } from './session.ts';

export interface Program {
  readonly command: Command;
  /** The exit code that the command left; ok unless it said otherwise. */
  exitCode(): number;
}

/**
 * Every command with its arguments. What a command does is loaded when it runs, so that `incident --help` and the
 * short commands start quickly.
 */
export function createProgram(io: Io, version: string, drills: AddDrillCommands | null): Program {
  let code: number = EXIT.ok;
  const program = new Command('incident')
    .description('Runs incidents: what waits for you, and every decision. Without a command: what waits for me.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'how a command is written')
    .showSuggestionAfterError(true)
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .exitOverride();
  program.configureHelp({
    subcommandTerm: (command) => `${command.name()} ${command.usage().replace(/ ?\[options\] ?/, '')}`.trimEnd(),
  });
  common(program).usage('[command] [options]').allowExcessArguments(true);
  const session = (flags: CommonOptions): Session => openSession(io, flags);
  const done = (result: number): void => {
    code = result;
  };
  program.action(async (flags: CommonOptions, command: Command) => {
    const [unknown] = command.args;
    if (unknown !== undefined) throw await unknownCommand(unknown, program);
    await (await import('./commands/home.ts')).home(session(flags), () => program.outputHelp());
  });

  const context: Context = { program, io, session, done };
  addReading(context);
  addRecord(context);
  addDecisions(context);
  addQuick(context);
  addDrills(context, drills);
  addPolicy(context);
  addRest(context);
  return { command: program, exitCode: () => code };
}

async function unknownCommand(written: string, program: Command): Promise<CliFailure> {
  const { closestOf } = await import('../config/policy-problems.ts');
  const close = closestOf(
    written,
    program.commands.map((command) => command.name()),
  );
  return new CliFailure(
    'usage',
    `There is no command "${written}".`,
    close === null ? 'See them all: incident --help' : `Did you mean: incident ${close}`,
  );
}

interface Context {
  readonly program: Command;
  readonly io: Io;
  readonly session: (flags: CommonOptions) => Session;
  readonly done: (result: number) => void;
}

function addReading({ program, session }: Context): void {
  program.commandsGroup('Incidents:');
  leaf(program, 'create <title...>', 'open an incident')
    .option('--service <name>', 'affected service; the policy’s own when left out')
    .option('--severity <P0|P1|P2|P3>', 'your claim; evidence may raise it')
    .option('--separate', 'another problem than the one that is already open')
    .action(async (title: readonly string[], _own, command: Command) =>
      (await incidents()).create(session(flagsOf(command)), title.join(' '), flagsOf<CreateOptions>(command)),
    );
  leaf(program, 'list', 'the open incidents')
    .option('--all', 'closed ones too')
    .action(async (_own, command: Command) =>
      (await incidents()).list(session(flagsOf(command)), flagsOf<{ all?: boolean }>(command)),
    );
  leaf(program, 'show [incident]', 'one incident: what happens, who leads, what is due, what you are asked').action(
    async (id: string | undefined, _own, command: Command) =>
      (await incidents()).show(session(flagsOf(command)), id ?? null),
  );
  leaf(program, 'watch [incident]', 'follow it live until it is closed')
    .option('--since <seq>', 'only events after this one (not on a screen)')
    .action(async (id: string | undefined, _own, command: Command) =>
      (await import('./commands/watch.ts')).watch(
        session(flagsOf(command)),
        id ?? null,
        flagsOf<WatchOptions>(command),
      ),
    );
  leaf(program, 'timeline [incident]', 'everything that happened')
    .option('--since <seq>', 'only events after this one')
    .option('--correlated', 'what led to what across systems, with how each is known')
    .action(async (id: string | undefined, _own, command: Command) =>
      (await incidents()).timeline(session(flagsOf(command)), id ?? null, flagsOf<TimelineOptions>(command)),
    );
  leaf(
    program,
    'preview <message>',
    'a message exactly as it would go out now: update, status-identified, mail-resolved, …',
  )
    .option('--incident <id>', 'of which incident; the open one when left out')
    .option('--detail <text>', 'what a person would add: the text of an update, why it is escalated')
    .action(async (message: string, _own, command: Command) =>
      (await import('./commands/preview.ts')).previewMessage(
        session(flagsOf(command)),
        message,
        flagsOf<PreviewOptions>(command),
      ),
    );
  leaf(program, 'paper [incident]', 'the remaining steps as plain commands, to go on by hand').action(
    async (id: string | undefined, _own, command: Command) =>
      (await incidents()).paper(session(flagsOf(command)), id ?? null),
  );
  leaf(program, 'post-mortem [incident]', 'the post-mortem as Markdown; people edit and approve it')
    .option('--edit', 'open it in your editor and save it')
    .option('--from <file>', 'save this file (- for stdin) as the new text')
    .option('--approve', 'approve it as it stands: publishes it and tells engineering')
    .option('--anyway', 'approve although places still wait for words')
    .action(async (id: string | undefined, _own, command: Command) =>
      (await import('./commands/post-mortem.ts')).postMortem(
        session(flagsOf(command)),
        id ?? null,
        flagsOf<PostMortemOptions>(command),
      ),
    );
  leaf(program, 'mails [incident]', 'what customers were sent, and what came back since').action(
    async (id: string | undefined, _own, command: Command) =>
      (await import('./commands/mails.ts')).mails(session(flagsOf(command)), id ?? null),
  );
  leaf(program, 'runbook-change [incident]', 'what the incident gives back to its runbook, before it is a pull request')
    .option('--edit', 'open it in your editor and save it')
    .option('--from <file>', 'save this file (- for stdin) as the new text')
    .option('--withhold <why>', 'propose nothing')
    .option('--propose', 'open the pull request now')
    .action(async (id: string | undefined, _own, command: Command) =>
      (await import('./commands/runbook-change.ts')).runbookChange(
        session(flagsOf(command)),
        id ?? null,
        flagsOf<RunbookChangeOptions>(command),
      ),
    );
}

const incidents = () => import('./commands/incidents.ts');

function addRecord({ program, session }: Context): void {
  program.commandsGroup('The record:');
  const load = () => import('./commands/record.ts');
  leaf(program, 'stats', 'how long it took to acknowledge, mitigate and resolve, and which promises were kept')
    .option('--by <what>', 'severity, service, cause or month', 'severity')
    .option('--since <when>', 'only incidents since a date (2026-01-31) or a length of time ago (90d)')
    .action(async (_own, command: Command) =>
      (await load()).stats(session(flagsOf(command)), flagsOf<StatsOptions>(command)),
    );
  leaf(program, 'similar [incident]', 'past incidents that were like this one, and what ended them').action(
    async (id: string | undefined, _own, command: Command) =>
      (await load()).similar(session(flagsOf(command)), id ?? null),
  );
  leaf(program, 'history [incident]', 'the engine’s own history of a closed incident, as JSON that replays').action(
    async (id: string | undefined, _own, command: Command) =>
      (await load()).history(session(flagsOf(command)), id ?? null),
  );
}

function addDecisions({ program, session }: Context): void {
  program.commandsGroup('Decisions:');
  for (const name of DECISION_NAMES) {
    const declared = declarationOf(name);
    const command = leaf(program, name, inLine(declared.about))
      .argument('[words...]')
      .usage(`[incident] ${usageOf(declared)} [options]`.replace(/ +/g, ' '));
    for (const [field, { kind, option }] of Object.entries(declared.fields)) {
      if (option === undefined) continue;
      const flags = optionUsage(field, declared.fields[field] as Field);
      if (kind === 'because') command.requiredOption(flags, option.about);
      else command.option(flags, option.about);
    }
    command.action(async (words: readonly string[], own: DecideOptions, leafCommand: Command) => {
      await (await import('./commands/decide.ts')).decide(session(flagsOf(leafCommand)), name, words, own);
    });
  }
}

/** `No update is due.` as it stands behind a command's name. */
function inLine(sentence: string): string {
  const begun = /^[A-Z][a-z]/.test(sentence) ? `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}` : sentence;
  return begun.replace(/\.$/, '');
}

/** The runbook's quick reference (R8). */
function addQuick({ program, session }: Context): void {
  const load = () => import('./commands/quick.ts');
  program.commandsGroup('Quick reference:');
  leaf(program, 'check <what>', `look at production: ${QUICK_CHECK_NAMES.join(', ')}`)
    .option('--incident <id>', 'the incident it is for; the only open one when left out')
    .action(async (what: string, _own, command: Command) =>
      (await load()).check(session(flagsOf(command)), what, flagsOf<QuickOptions>(command)),
    );
  leaf(
    program,
    'do <action> [target]',
    `act on production, after a preview and an approval: ${QUICK_ACTION_NAMES.join(', ')}`,
  )
    .addHelpText(
      'after',
      '\nOf what waits: do approve <id>, do call-off <id>, do undo <id> (a temporary change), do list (the audit).',
    )
    .option('--because <text>', 'why; it stands in the audit')
    .option('--replicas <n>', 'of scale')
    .option('--incident <id>', 'the incident it is for; the only open one when left out')
    .option('--yes', 'go ahead without asking, where policy lets you alone')
    .action(async (action: string, target: string | undefined, _own, command: Command) => {
      const quick = await load();
      const flags = flagsOf<QuickOptions & CommonOptions>(command);
      if (action === 'list') return quick.listQuick(session(flags));
      if (action === 'approve' || action === 'call-off' || action === 'undo')
        return quick.answerQuick(
          session(flags),
          action === 'approve' ? 'confirm' : action,
          required(target, action),
          flags,
        );
      if (flags.because === undefined)
        throw new CliFailure(
          'usage',
          `"do ${action}" needs a reason.`,
          `Write: incident do ${action} ${target ?? '<target>'} --because "why"`,
        );
      return quick.act(session(flags), action, target ?? null, flags);
    });
}

function required(id: string | undefined, action: string): string {
  if (id !== undefined) return id;
  throw new CliFailure('usage', `"do ${action}" needs the id of what waits.`, 'See it: incident do list');
}

function addDrills({ program, io, done }: Context, add: AddDrillCommands | null): void {
  program.commandsGroup('Around it:');
  const drill = program.command('drill').description('rehearse: play production’s faults in virtual time');
  if (add !== null) add({ drill, io, leaf, flagsOf, done });
  else
    drill
      .argument('[words...]')
      .allowUnknownOption()
      .action(() => {
        throw labIsMissing();
      });
}

function addPolicy({ program, io, done }: Context): void {
  const policy = program.command('policy').description('the team’s numbers, names and texts');
  const load = () => import('./commands/policy.ts');
  leaf(policy, 'check [file]', 'everything that is wrong with a policy file, with line and column').action(
    async (file: string | undefined, _own, command: Command) =>
      done(await (await load()).checkPolicyFile(io, file ?? null, flagsOf(command))),
  );
  leaf(policy, 'show [part] [file]', 'a part of the policy: approvals, templates, …').action(
    async (part: string | undefined, file: string | undefined, _own, command: Command) =>
      done(
        await (await load()).showPolicy(
          io,
          [part, file].filter((word) => word !== undefined),
          flagsOf(command),
        ),
      ),
  );
  leaf(policy, 'schema', 'the format of policy files as a JSON Schema').action(async () =>
    (await load()).printPolicySchema(io),
  );
}

function addRest({ program, io, done }: Context): void {
  leaf(program, 'doctor', 'check every configured system, and say what to do about what is wrong').action(
    async (_own, command: Command) => done(await (await import('./commands/doctor.ts')).doctor(io, flagsOf(command))),
  );
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh or fish')
    .action(async (shell: string) =>
      io.out((await import('./commands/completion.ts')).completionScript(program, shell)),
    );
}

/** A command that does something; it takes the common options behind its name too. */
function leaf(parent: Command, written: string, about: string): Command {
  return common(parent.command(written).description(about)).allowExcessArguments(false);
}

function common(command: Command): Command {
  return command
    .option('--json', 'data for programs on stdout')
    .addOption(
      new Option('--url <address>', 'the gateway; else INCIDENT_URL, else the demo of this repository').helpGroup(
        'Where:',
      ),
    )
    .addOption(new Option('--as <person>', 'beside a demo: act as this person').helpGroup('Where:'));
}

function flagsOf<T extends object = CommonOptions>(command: Command): CommonOptions & T {
  return command.optsWithGlobals<CommonOptions & T>();
}

export { CommanderError };
