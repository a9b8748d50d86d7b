import type { DocumentsClient } from '../activities/documents/client.ts';
import type { GitClient } from '../activities/git/client.ts';
import type { Clock } from '../config/clock.ts';
import type { Instant } from '../domain/instant.ts';
import type { Store } from '../store/store.ts';

/** Documents as commits on a branch: whoever reads the repository sees them, and git keeps what they said before (R6.3). */
export function repositoryDocuments(git: GitClient, branch: string, clock: () => Instant): DocumentsClient {
  return {
    read: (path) => git.read(branch, path),
    async write(path, text) {
      const { sha } = await git.pushOnto({
        branch,
        files: [{ path, text }],
        message: `docs: ${path.split('/').at(-1)}`,
        key: path,
        at: clock(),
      });
      return { location: `${path} at ${sha.slice(0, 12)}` };
    },
  };
}

/** Documents are also kept in the evidence store, where the gateway finds them by the digest on the timeline. */
export function keptDocuments(documents: DocumentsClient, store: Store, clock: Clock): DocumentsClient {
  return {
    read: (path) => documents.read(path),
    async write(path, text) {
      await store.evidence.put({ body: text, mediaType: 'text/markdown', at: clock() });
      return documents.write(path, text);
    },
  };
}
