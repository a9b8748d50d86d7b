import { clipEscaped } from '../../views/escape.ts';

/** Slack refuses blocks that are about 13,200 characters of JSON together (slackapi/bolt-js #2509, #2867). */
const BLOCKS_CHARACTERS = 12_000;
const SHORTEST = 200;

interface Section {
  readonly type: 'section';
  readonly text: { readonly text: string };
}

/** A message too long is said shorter, its longest sections first: the console has the whole. */
export function fittingBlocks(blocks: readonly unknown[]): readonly unknown[] {
  let fitting = blocks;
  for (;;) {
    const over = JSON.stringify(fitting).length - BLOCKS_CHARACTERS;
    const longest = Math.max(0, ...fitting.map(lengthOf));
    if (over <= 0 || longest <= SHORTEST) return fitting;
    const at = fitting.findIndex((block) => lengthOf(block) === longest);
    fitting = fitting.with(at, shortened(fitting[at] as Section, Math.max(SHORTEST, longest - over, longest / 2)));
  }
}

function lengthOf(block: unknown): number {
  return isSection(block) ? block.text.text.length : 0;
}

function shortened(section: Section, characters: number): Section {
  return { ...section, text: { ...section.text, text: clipEscaped(section.text.text, Math.floor(characters)) } };
}

function isSection(block: unknown): block is Section {
  const { type, text } = block as { type?: unknown; text?: { text?: unknown } };
  return type === 'section' && typeof text?.text === 'string';
}
