import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { IncidentClient } from '../client/incident-client.ts';
import type { Clock } from '../config/clock.ts';
import type { PeopleDirectory } from '../config/people.ts';
import type { LiveIncidents } from '../console/reading.ts';
import type { Policy } from '../domain/policy.ts';
import type { Store } from '../store/store.ts';
import type { Forwarder } from './forwarder.ts';
import type { ReportForwarder } from './report-forwarder.ts';

export interface GatewaySecrets {
  /** Several while one is being exchanged for another. */
  readonly alertmanagerTokens: readonly string[];
  /** None: PagerDuty's webhook is not configured. */
  readonly pagerdutySecrets: readonly string[];
  /** None: tickets are not taken for reports. */
  readonly zendeskSecrets?: readonly string[];
  readonly jiraSecrets?: readonly string[];
  /** None: reports of mails that came back are not taken. */
  readonly bounceTokens?: readonly string[];
  /** One key, which the workers accept beside others while keys are exchanged. */
  readonly decisionSigningKey: string;
}

export interface GatewayOptions {
  readonly store: Store;
  readonly client: IncidentClient;
  readonly forwarder: Forwarder;
  /** Absent: reports wait in the store for a gateway that has one. */
  readonly reportForwarder?: ReportForwarder;
  readonly policy: () => Policy;
  readonly people: PeopleDirectory;
  readonly clock: Clock;
  readonly secrets: GatewaySecrets;
  readonly log?: FastifyBaseLogger;
  /** Incident seconds per second; 1 when left out. */
  readonly speed?: number;
  /** How everybody who follows an incident shares one reading; absent, this gateway makes its own. */
  readonly readings?: IncidentReadings;
  /** Told of each decision that an incident accepted, whatever way it came. */
  readonly onDecided?: (incidentId: string) => void;
  /** Adds what others serve at the same address: the console, the status page, chat's webhooks. */
  readonly mount?: (app: FastifyInstance) => void | Promise<void>;
}

export interface IncidentReadings extends LiveIncidents {
  close(): void;
}
