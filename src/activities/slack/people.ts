import { z } from 'zod';
import { codeOf } from './failures.ts';
import type { Call } from './web.ts';

/** Tokens that call user groups, by handle; handles Slack does not know are null. */
export async function groupMentions(
  call: Call,
  handles: readonly string[],
): Promise<Readonly<Record<string, string | null>>> {
  const shape = z.object({ usergroups: z.array(z.object({ id: z.string(), handle: z.string() })) });
  const { usergroups } = await call('usergroups.list', {}, shape);
  return Object.fromEntries(
    handles.map((handle) => {
      const group = usergroups.find((candidate) => candidate.handle === handle);
      return [handle, group === undefined ? null : `<!subteam^${group.id}>`];
    }),
  );
}

/** The person's id; null when nobody in the workspace has that address. */
export async function personByEmail(call: Call, email: string): Promise<string | null> {
  try {
    const shape = z.object({ user: z.object({ id: z.string() }) });
    return (await call('users.lookupByEmail', { email }, shape)).user.id;
  } catch (error) {
    if (codeOf(error) === 'users_not_found') return null;
    throw error;
  }
}
