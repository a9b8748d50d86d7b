import type { DecisionBodies, DecisionName } from '../domain/decision.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { lease, question, type Written } from './asked.ts';
import { instantOf, minutesOf } from './countdown.ts';
import { CliFailure } from './failure.ts';
import { looksLikeReference } from './incidents.ts';

/** How one decision is written: `usage` behind the incident's name, how many words it takes, and how they are read. */
export interface DecisionCommand<N extends DecisionName = DecisionName> {
  readonly about: string;
  readonly usage: string;
  readonly words: readonly [least: number, most: number];
  /** The last word takes all that follows: `incident note 1430 the cache looks fine`. */
  readonly free?: boolean;
  readonly because?: boolean;
  readonly options?: readonly { readonly flags: string; readonly about: string }[];
  readonly body: (written: Written) => DecisionBodies[N] | Promise<DecisionBodies[N]>;
}

const OPTION = { flags: '--option <name>', about: 'another of the options than the proposed one' };

export const DECISION_COMMANDS: { readonly [N in DecisionName]: DecisionCommand<N> } = {
  acknowledge: { about: 'say that you have it; stops the paging', usage: '', words: [0, 0], body: () => ({}) },
  assign: {
    about: 'put somebody on the incident, and on a task of it',
    usage: '<person> [what]',
    words: [1, 2],
    free: true,
    body: ({ words }) => ({ to: words[0] ?? '', what: words[1] ?? null }),
  },
  'hand-over': {
    about: 'hand the command to somebody else',
    usage: '<person>',
    words: [1, 1],
    body: ({ words }) => ({ to: words[0] ?? '' }),
  },
  'set-severity': {
    about: 'set the severity yourself',
    usage: '<P0|P1|P2|P3>',
    words: [1, 1],
    because: true,
    body: severityBody,
  },
  note: {
    about: 'write something onto the timeline',
    usage: '<text>',
    words: [1, 1],
    free: true,
    body: ({ words }) => ({ text: words[0] ?? '' }),
  },
  update: {
    about: 'write the next update that everybody is sent',
    usage: '<text>',
    words: [1, 1],
    free: true,
    options: [{ flags: '--expect <time>', about: 'expected recovery: 15:00 (UTC), or 2024-10-23T15:00Z' }],
    body: updateBody,
  },
  snooze: {
    about: 'put the next update off',
    usage: '<duration>',
    words: [1, 1],
    because: true,
    body: ({ words, because }) => ({ minutes: minutes(words[0] ?? '', 'The time to put it off'), because }),
  },
  approve: {
    about: 'say yes to what is asked',
    usage: '[approval]',
    words: [0, 1],
    options: [OPTION],
    body: approveBody,
  },
  'test-mail': {
    about: 'send yourself the mail to customers that waits for approval',
    usage: '',
    words: [0, 0],
    body: () => ({}),
  },
  reject: {
    about: 'say no to what is asked',
    usage: '[approval]',
    words: [0, 1],
    because: true,
    body: async (written) => ({ approvalId: (await question(written)).approvalId, because: written.because }),
  },
  resolve: {
    about: 'declare it resolved',
    usage: '[fix]',
    words: [0, 1],
    free: true,
    body: ({ words }) => ({ fix: words[0] ?? null }),
  },
  reopen: {
    about: 'it is back: open it again',
    usage: '',
    words: [0, 0],
    because: true,
    body: ({ because }) => ({ because }),
  },
  merge: {
    about: 'it is the same as another incident',
    usage: '<into>',
    words: [1, 1],
    body: ({ words }) => ({ into: words[0] ?? '' }),
  },
  'false-alarm': {
    about: 'nothing was wrong: close it',
    usage: '',
    words: [0, 0],
    because: true,
    body: ({ because }) => ({ because }),
  },
  cancel: {
    about: 'stop running the runbook',
    usage: '',
    words: [0, 0],
    because: true,
    body: ({ because }) => ({ because }),
  },
  'keep-lease': {
    about: 'keep a temporary change for good',
    usage: '[lease]',
    words: [0, 1],
    because: true,
    body: async (written) => ({ leaseId: await lease(written), because: written.because }),
  },
  'renew-lease': {
    about: 'keep a temporary change for longer',
    usage: '[lease]',
    words: [0, 1],
    options: [{ flags: '--for <duration>', about: 'how long: 30m, 2h; the policy says when left out' }],
    body: async (written) => ({
      leaseId: await lease(written),
      minutes: written.for === null ? null : minutes(written.for, '--for'),
    }),
  },
  'revert-lease': {
    about: 'take a temporary change back now',
    usage: '[lease]',
    words: [0, 1],
    body: async (written) => ({ leaseId: await lease(written) }),
  },
  'call-off': {
    about: 'stop something that goes ahead unless somebody objects',
    usage: '[what]',
    words: [0, 1],
    because: true,
    body: async (written) => ({ what: (await question(written)).approvalId, because: written.because }),
  },
  'pause-canary': {
    about: 'hold the canary where it is',
    usage: '',
    words: [0, 0],
    because: true,
    body: ({ because }) => ({ because }),
  },
  'abort-canary': {
    about: 'take the canary back',
    usage: '',
    words: [0, 0],
    because: true,
    body: ({ because }) => ({ because }),
  },
  'break-glass': {
    about: 'P0 only: go ahead without the role that is asked for; is reviewed',
    usage: '[approval]',
    words: [0, 1],
    because: true,
    options: [OPTION],
    body: async (written) => ({ ...(await approveBody(written)), because: written.because }),
  },
};

/**
 * Which of the words names the incident. Where the number of words leaves it open, the first one is the incident when
 * it looks like one (`1430`, `incident-…`). Throws CliFailure (usage) when there are too few or too many.
 */
export function splitWords(
  name: DecisionName,
  words: readonly string[],
): { readonly reference: string | null; readonly rest: readonly string[] } {
  const {
    words: [least, most],
    free = false,
    usage,
  } = DECISION_COMMANDS[name] as DecisionCommand;
  const [first, ...others] = words;
  const tooMany = !free && words.length > most + 1;
  if (words.length < least || tooMany) {
    throw new CliFailure(
      'usage',
      `"${name}" got ${words.length === 0 ? 'nothing' : words.map((word) => `"${word}"`).join(' ')}.`,
      `Write: incident ${name} [incident] ${usage}`.trimEnd(),
    );
  }
  const mustBe = !free && words.length === most + 1;
  const named = first !== undefined && words.length > least && (mustBe || looksLikeReference(first));
  const rest = named ? others : words;
  return {
    reference: named ? first : null,
    rest: free && rest.length > most ? [...rest.slice(0, most - 1), rest.slice(most - 1).join(' ')] : rest,
  };
}

function severityBody({ words, because }: Written): DecisionBodies['set-severity'] {
  const wanted = (words[0] ?? '').toUpperCase();
  const to = SEVERITIES.find((severity) => severity === wanted);
  if (to === undefined) throw new CliFailure('usage', `"${words[0]}" is no severity.`, 'Give P0, P1, P2 or P3.');
  return { to, because };
}

function updateBody({ words, expect, now }: Written): DecisionBodies['update'] {
  const expectedRecoveryAt = expect === null ? null : instantOf(expect, now);
  if (expect !== null && expectedRecoveryAt === null) {
    throw new CliFailure(
      'usage',
      `--expect "${expect}" is no time.`,
      'Give a UTC clock time such as 15:00, or an instant such as 2024-10-23T15:00Z.',
    );
  }
  return { text: words[0] ?? '', expectedRecoveryAt };
}

async function approveBody(written: Written): Promise<DecisionBodies['approve']> {
  const { approvalId, options, chosen } = await question(written);
  const option = written.option ?? chosen;
  if (option !== null && options.length > 0 && !options.some((one) => one.name === option)) {
    throw new CliFailure(
      'usage',
      `"${option}" is not among the options of ${approvalId}.`,
      `It offers: ${options.map((one) => one.name).join(', ')}.`,
    );
  }
  return { approvalId, option };
}

function minutes(text: string, what: string): number {
  const read = minutesOf(text);
  if (read === null)
    throw new CliFailure('usage', `${what} "${text}" is no duration.`, 'Give one such as 30m, 2h or 1h30m.');
  return read;
}
