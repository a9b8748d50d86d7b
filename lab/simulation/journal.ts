import type { ClusterAction } from './systems/kubernetes/ledger.ts';
import type { AcceptedWrite } from './systems/kubernetes/writes.ts';
import type { AdminAction } from './systems/service-api.ts';

/** Something that was done to a production from outside and that its world felt; `act` is the ledgers' own entry. */
export type RecordedChange =
  | { readonly kind: 'write'; readonly act: ClusterAction; readonly write: AcceptedWrite }
  | { readonly kind: 'admin'; readonly act: AdminAction }
  | { readonly kind: 'promotion'; readonly act: { readonly atMs: number } };
