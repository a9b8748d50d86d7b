import type { Instant } from '../../domain/instant.ts';

/** One line of the audit: who asked, agreed or was answered what, outside of any timeline or beside one. */
export interface AuditEntry {
  /** The same key twice is one line. */
  readonly key: string;
  readonly at: Instant;
  readonly person: string;
  readonly via: string;
  /** In the words of the command: `do rollback noa-mcp`. */
  readonly what: string;
  readonly incidentId: string | null;
  readonly words: string;
}

export interface AuditActivities {
  recordAudit(entry: AuditEntry): Promise<void>;
}
