const MAX_BLOCKS = 50;
const MAX_ACTION_ELEMENTS = 25;
const MAX_FIELDS = 10;
const MAX_ID = 255;
const TEXT_LIMITS = {
  section: 3000,
  header: 150,
  field: 2000,
  button: 75,
  value: 2000,
  context: 3000,
  markdown: 12_000,
};
/** Not documented; slackapi/bolt-js#2509 measured it. */
const MAX_TOTAL_TEXT = 13_200;

type Block = Readonly<Record<string, unknown>>;

/** Slack's error for a list of blocks that it would refuse, with the offending place; null when it is fine. */
export function blocksProblem(
  blocks: unknown,
): { readonly error: 'invalid_blocks' | 'msg_blocks_too_long'; readonly where: string } | null {
  if (!Array.isArray(blocks)) return { error: 'invalid_blocks', where: 'blocks must be a list' };
  if (blocks.length > MAX_BLOCKS) return { error: 'invalid_blocks', where: `no more than ${MAX_BLOCKS} items allowed` };
  for (const [i, block] of (blocks as unknown[]).entries()) {
    const problem = isRecord(block) ? blockProblem(block) : 'must be an object';
    if (problem !== null) return { error: 'invalid_blocks', where: `${problem} [json-pointer:/blocks/${i}]` };
  }
  const ids = (blocks as Block[]).flatMap(({ block_id: id }) => (typeof id === 'string' ? [id] : []));
  if (ids.some((id) => id.length > MAX_ID))
    return { error: 'invalid_blocks', where: `a block_id has over ${MAX_ID} characters` };
  if (new Set(ids).size < ids.length) return { error: 'invalid_blocks', where: 'a block_id is there twice' };
  const total =
    JSON.stringify(blocks)
      .match(/"text":"(?:[^"\\]|\\.)*"/g)
      ?.reduce((sum, text) => sum + text.length - 9, 0) ?? 0;
  return total > MAX_TOTAL_TEXT ? { error: 'msg_blocks_too_long', where: `${total} characters of text` } : null;
}

function blockProblem(block: Block): string | null {
  switch (block.type) {
    case 'section': {
      const { text, fields } = block;
      if (text === undefined && fields === undefined) return 'a section needs text or fields';
      if (Array.isArray(fields) && fields.length > MAX_FIELDS) return `no more than ${MAX_FIELDS} fields allowed`;
      const wrongField = Array.isArray(fields)
        ? fields.map((field) => textProblem(field, TEXT_LIMITS.field)).find((one) => one !== null)
        : null;
      return (
        (text === undefined ? null : textProblem(text, TEXT_LIMITS.section)) ??
        wrongField ??
        elementProblem(block.accessory)
      );
    }
    case 'header':
      return textProblem(block.text, TEXT_LIMITS.header);
    case 'context': {
      const elements = Array.isArray(block.elements) ? (block.elements as unknown[]) : [];
      if (elements.length === 0 || elements.length > 10) return 'a context needs 1 to 10 elements';
      return (
        elements
          .map((one) => (isRecord(one) && one.type === 'image' ? null : textProblem(one, TEXT_LIMITS.context)))
          .find((one) => one !== null) ?? null
      );
    }
    case 'actions': {
      const elements = Array.isArray(block.elements) ? (block.elements as unknown[]) : [];
      if (elements.length === 0 || elements.length > MAX_ACTION_ELEMENTS)
        return `actions need 1 to ${MAX_ACTION_ELEMENTS} elements`;
      const actionIds = elements.map((element) => (isRecord(element) ? element.action_id : undefined));
      if (new Set(actionIds).size < actionIds.length) return 'an action_id is there twice';
      if (actionIds.some((id) => typeof id === 'string' && id.length > MAX_ID)) return 'an action_id is too long';
      return elements.map(elementProblem).find((one) => one !== null) ?? null;
    }
    case 'input':
      return (
        textProblem(block.label, TEXT_LIMITS.value) ?? (isRecord(block.element) ? null : 'an input needs an element')
      );
    case 'markdown':
      return typeof block.text === 'string' && block.text.length <= TEXT_LIMITS.markdown
        ? null
        : 'markdown needs text of at most 12000 characters';
    case 'divider':
    case 'image':
    case 'rich_text':
    case 'video':
    case 'table':
      return null;
    default:
      return `unsupported type: ${String(block.type)}`;
  }
}

function textProblem(text: unknown, limit: number): string | null {
  if (!isRecord(text) || (text.type !== 'mrkdwn' && text.type !== 'plain_text'))
    return 'text must be a mrkdwn or plain_text object';
  const { text: words } = text;
  if (typeof words !== 'string' || words.length === 0) return 'must be more than 0 characters';
  return words.length > limit ? `must be less than ${limit + 1} characters` : null;
}

function elementProblem(element: unknown): string | null {
  if (element === undefined || !isRecord(element) || element.type !== 'button') return null;
  const { value } = element;
  if (typeof value === 'string' && value.length > TEXT_LIMITS.value)
    return `a button value must be less than ${TEXT_LIMITS.value + 1} characters`;
  return textProblem(element.text, TEXT_LIMITS.button);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
