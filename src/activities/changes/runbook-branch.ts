import { withAddition } from '../../views/runbook-change.ts';
import { failure } from '../failures.ts';
import type { FixBranch, OpenRunbookBranchInput } from './api.ts';
import type { BranchPort, TextsPort } from './ports.ts';

/**
 * A branch on which a runbook has one incident's addition (R6.5). The whole file is read and written here: a history
 * carries digests only. The same key finds the branch that an earlier attempt pushed.
 */
export async function openRunbookBranch(
  branches: BranchPort,
  texts: TextsPort,
  input: OpenRunbookBranchInput & { readonly branch: string; readonly base: string },
): Promise<FixBranch> {
  const { file, incidentId, digest, branch, base, message, key, at } = input;
  const addition = await texts.get(digest);
  if (addition === null) throw failure('NotFound', `The text ${digest} of ${incidentId} is not in the evidence store.`);
  const text = withAddition(await branches.read(base, file), { file, incidentId, addition });
  const pushed = await branches.pushBranch({ branch, base, files: [{ path: file, text }], message, key, at });
  return { branch: pushed.branch, sha: pushed.sha, alreadyThere: pushed.found };
}
