import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CommunicationPolicy } from '../../domain/communication-policy.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Lease } from '../../domain/timeline.ts';
import type { AgendaEntry } from '../incident/api.ts';

/** The workflow type's name; stored in history for years. */
export const ACTION_ITEMS_WORKFLOW = 'actionItems';

export function actionItemsWorkflowId(incidentId: string): string {
  return `action-items-${incidentId}`;
}

export interface ActionItem {
  readonly id: string;
  readonly what: string;
  readonly owner: string | null;
  readonly dueAt: Instant;
}

/** What outlives an incident: follow-ups to be chased until done or dropped, temporary changes still in place (R6.6). */
export interface ActionItemsInput {
  readonly facts: IncidentFacts;
  readonly items: readonly ActionItem[];
  readonly leases: readonly Lease[];
  readonly communication: CommunicationPolicy;
  /** Where each item gets a ticket, and the addresses of owners; absent or null: nowhere. */
  readonly tickets?: {
    readonly system: 'jira' | 'zendesk';
    readonly ownerEmails: Readonly<Record<string, string>>;
  } | null;
  /** Incident time at which this run began. */
  readonly anchorAt: Instant;
  readonly speed: number;
  /** Ended items of an earlier run of this workflow, and how often each open one was chased. */
  readonly carried: {
    readonly ended: readonly EndedItem[];
    readonly chases: Readonly<Record<string, number>>;
    readonly tickets?: Readonly<Record<string, ItemTicket>>;
  } | null;
}

/** The ticket of an item; `trouble` says why it has none, or what could not be set in it. */
export interface ItemTicket {
  readonly ref: string | null;
  readonly url: string | null;
  readonly trouble: string | null;
}

export interface EndedItem {
  readonly id: string;
  readonly how: 'done' | 'dropped';
  readonly because: string;
  readonly by: string;
  readonly at: Instant;
}

export interface EndItem {
  readonly id: string;
  readonly how: 'done' | 'dropped';
  readonly because: string;
  readonly by: string;
  readonly receivedAt: Instant;
}

export interface ActionItemsStatus {
  readonly open: readonly (ActionItem & { readonly chases: number; readonly ticket: ItemTicket | null })[];
  readonly ended: readonly EndedItem[];
}

export const endItemUpdate = defineUpdate<ActionItemsStatus, [EndItem]>('end-item');
export const endItemSignal = defineSignal<[EndItem]>('end-item');
export const itemsQuery = defineQuery<ActionItemsStatus>('items');
/** The same name as the incident's: a drill's conductor asks every workflow what it waits for. */
export const itemsAgendaQuery = defineQuery<readonly AgendaEntry[]>('agenda');
