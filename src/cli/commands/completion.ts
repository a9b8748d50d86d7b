import type { Command } from 'commander';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../../domain/decision.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { CliFailure } from '../failure.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Entry {
  /** Words behind `incident`: empty for the command itself. */
  readonly path: readonly string[];
  readonly about: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
}

/** What follows some commands: made once from the program itself, so that no command is forgotten. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  completion: SHELLS,
  ...Object.fromEntries(DECISION_NAMES.filter(takesSeverity).map((name) => [name, SEVERITIES])),
  'policy show': [
    'approvals',
    'severities',
    'phases',
    'templates',
    'contacts',
    'people',
    'alert-rules',
    'queries',
    'thresholds',
  ],
};

function takesSeverity(name: DecisionName): boolean {
  return Object.values(declarationOf(name).fields).some(({ kind }) => kind === 'severity');
}

/** Commands behind whose name a file is expected. */
const TAKES_FILES: readonly string[] = ['drill run', 'drill list', 'policy check'];

export function completionScript(program: Command, shell: string): string {
  const entries = entriesOf(program, []);
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return zsh(entries);
    case 'fish':
      return fish(entries);
    default:
      throw new CliFailure('usage', `There is no completion for "${shell}".`, `There is one for ${SHELLS.join(', ')}.`);
  }
}

function entriesOf(command: Command, path: readonly string[]): readonly Entry[] {
  const commands = command.commands.map((sub) => ({ word: sub.name(), about: sub.description() }));
  const options = command.options.map((option) => ({ word: option.long ?? option.flags, about: option.description }));
  const fixed = (ARGUMENTS[path.join(' ')] ?? []).map((word) => ({ word, about: '' }));
  const help = { word: '--help', about: 'how it is written' };
  return [
    { path, about: command.description(), words: [...commands, ...fixed, ...options, help] },
    ...command.commands.flatMap((sub) => entriesOf(sub, [...path, sub.name()])),
  ];
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ path, words }) => `    '${path.join(' ')}') words='${words.map(({ word }) => word).join(' ')}' ;;`,
  );
  return `# bash completion for incident: source <(incident completion bash)
_incident() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' word
  local groups=' ${groupsOf(entries).join(' ')} ' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ $word == -* ]] && continue
    if [[ -z $path ]]; then path="$word"
    elif [[ $path != *' '* && $groups == *" $path "* ]]; then path="$path $word"
    fi
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$path" in
    ${TAKES_FILES.map((path) => `'${path}'`).join('|')}) COMPREPLY+=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _incident incident`;
}

function zsh(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ path, words }) =>
      `    ${quoted(path.join(' '))}) described=(${words.map(({ word, about }) => quoted(`${word.replaceAll(':', '\\:')}:${about}`)).join(' ')}) ;;`,
  );
  return `#compdef incident
# zsh completion for incident: source <(incident completion zsh)
_incident() {
  local path_of='' word
  local -a described groups
  groups=(${groupsOf(entries).join(' ')})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && continue
    if [[ -z $path_of ]]; then path_of="$word"
    elif [[ $path_of != *' '* ]] && (( \${groups[(Ie)$path_of]} )); then path_of="$path_of $word"
    fi
  done
  case "$path_of" in
${cases.join('\n')}
  esac
  _describe 'incident' described
  case "$path_of" in
    ${TAKES_FILES.map(quoted).join('|')}) _files ;;
  esac
}
if [[ "\${funcstack[1]}" == _incident ]]; then _incident "$@"; else compdef _incident incident; fi`;
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, words }) => {
    const condition = pathIs(path.join(' '));
    return words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${quoted(word)}`;
      return `complete -c incident -n ${condition} ${what} -d ${quoted(about)}`;
    });
  });
  const files = TAKES_FILES.map((path) => `complete -c incident -n ${pathIs(path)} -F`);
  return `# fish completion for incident: incident completion fish | source
function __incident_path
  set -l words (commandline -opc)
  set -e words[1]
  set -l path
  for word in $words
    string match -q -- '-*' $word; and continue
    if test (count $path) -eq 0
      set path $word
    else if test (count $path) -eq 1; and contains -- $path[1] ${groupsOf(entries).join(' ')}
      set -a path $word
    end
  end
  echo "$path"
end
complete -c incident -f
${[...lines, ...files].join('\n')}`;
}

/** A condition of fish; its single quotes hold double ones, because fish does not nest the same kind. */
function pathIs(path: string): string {
  return `'test (__incident_path) = "${path}"'`;
}

/** Commands that have commands of their own. */
function groupsOf(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.filter(({ path }) => path.length === 2).map(({ path }) => path[0] ?? ''))];
}

/** Within single quotes of bash, zsh and fish alike. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
