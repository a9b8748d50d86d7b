import { type Audit, createAudit } from './audit.ts';
import { type ChatRequests, createChatRequests } from './chat-requests.ts';
import { type CustomerMailLedger, createCustomerMailLedger } from './customer-mail.ts';
import { connectDatabase, type DatabaseOptions } from './database.ts';
import { createDeliveryLocks, type DeliveryLocks } from './delivery-locks.ts';
import { createEvidenceStore, type EvidenceStore } from './evidence.ts';
import { createIdempotencyLedger, type IdempotencyLedger } from './idempotency-ledger.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createIncidents, type Incidents } from './incidents.ts';
import { createMeasures, type Measures } from './measures.ts';
import { migrate } from './migrate.ts';
import { createProjection, type Projection } from './projection.ts';
import { createRecord, type IncidentRecord } from './record.ts';
import { createReports, type Reports } from './reports.ts';
import { createRunbookChanges, type RunbookChanges } from './runbook-changes.ts';
import { createStatusBoard, type StatusBoard } from './status-board.ts';

/** What must be remembered outside Temporal, in PostgreSQL. Every function throws StoreUnavailable when it is away. */
export interface Store {
  readonly inbox: Inbox;
  readonly incidents: Incidents;
  readonly reports: Reports;
  readonly projection: Projection;
  readonly evidence: EvidenceStore;
  readonly ledger: IdempotencyLedger;
  readonly customerMail: CustomerMailLedger;
  readonly chatRequests: ChatRequests;
  readonly audit: Audit;
  readonly record: IncidentRecord;
  readonly measures: Measures;
  readonly runbookChanges: RunbookChanges;
  readonly statusBoard: StatusBoard;
  /** Locks of one forwarder, held until `release` or until its connection ends (a crash frees them at once). */
  deliveryLocks(): DeliveryLocks;
  /** Throws StoreUnavailable when it does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Connects and brings the tables up to date. */
export async function openStore(options: DatabaseOptions): Promise<Store> {
  const database = connectDatabase(options);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const projection = createProjection(database);
  return {
    inbox: createInbox(database),
    incidents: createIncidents(database),
    reports: createReports(database),
    projection,
    evidence: createEvidenceStore(database),
    ledger: createIdempotencyLedger(database),
    customerMail: createCustomerMailLedger(database),
    chatRequests: createChatRequests(database),
    audit: createAudit(database),
    record: createRecord(database),
    measures: createMeasures(database),
    runbookChanges: createRunbookChanges(database),
    statusBoard: createStatusBoard(database),
    deliveryLocks: () => createDeliveryLocks(database),
    ping: async () => {
      await database.rows('SELECT 1');
    },
    close: async () => {
      await projection.stopListening();
      await database.close();
    },
  };
}

/**
 * The status board alone, without waiting for the store: until it is there every call throws StoreUnavailable, and the
 * next one tries again.
 */
export function openStatusBoard(options: DatabaseOptions): { readonly board: StatusBoard; close(): Promise<void> } {
  const database = connectDatabase(options);
  const board = createStatusBoard(database);
  return { board, close: () => database.close() };
}
