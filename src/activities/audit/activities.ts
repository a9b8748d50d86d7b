import type { AuditActivities, AuditEntry } from './api.ts';

export interface AuditPorts {
  readonly audit: { record(entry: AuditEntry): Promise<void> };
}

/** Written under a key, so that a retry adds no second line. */
export function createAuditActivities(ports: AuditPorts): AuditActivities {
  return { recordAudit: (entry) => ports.audit.record(entry) };
}
