import type { BuildFact, CommitFact } from '../domain/evidence.ts';
import type { BranchPort, ReviewPort } from './changes/ports.ts';
import type { BulkMail } from './customers/ports.ts';
import type {
  AlertRoutingPort,
  CachePort,
  ChangeSource,
  DatabasePort,
  LogSearchPort,
  MentionsPort,
  MetricsPort,
  ProvidersPort,
  StatusPagePort as PublicStatusPagePort,
  ServiceApiPort,
  WrittenTicketsPort,
} from './evidence/ports.ts';
import type { PrimaryPort, ReplicaPort } from './failover/ports.ts';
import type { GitClient } from './git/client.ts';
import type { GrafanaClient } from './grafana/client.ts';
import type { JiraClient } from './jira/client.ts';
import type { PagerDutyRest } from './pagerduty/rest.ts';
import type { MigrationClient } from './postgres/migrations.ts';
import type { MailPort, PageNotePort, PagingPort, StatusPagePort } from './publication/ports.ts';
import type { SlackClient } from './slack/client.ts';
import type { ZendeskClient } from './zendesk/client.ts';

/**
 * What a system may give a worker, by the port of the room that uses it. A system gives what it is configured for;
 * where several give the same, all of them are asked or the first is, as worker/wiring.ts says.
 */
export interface SystemPorts {
  readonly chat?: SlackClient;
  readonly paging?: PagingPort;
  /** The paging system's own record: who answered there, who is on call. */
  readonly pagingRecord?: PagerDutyRest;
  readonly pageNotes?: PageNotePort;
  readonly mail?: MailPort;
  readonly openBulkMail?: () => BulkMail;
  readonly metrics?: MetricsPort;
  readonly alertRouting?: AlertRoutingPort;
  readonly database?: DatabasePort;
  readonly cache?: CachePort;
  readonly providers?: ProvidersPort;
  readonly publicStatusPage?: PublicStatusPagePort;
  readonly serviceApi?: ServiceApiPort;
  readonly writtenTickets?: WrittenTicketsPort;
  readonly mentions?: MentionsPort;
  readonly commits?: ChangeSource<CommitFact>;
  readonly builds?: ChangeSource<BuildFact>;
  readonly logSearch?: LogSearchPort;
  readonly grafana?: GrafanaClient;
  readonly primary?: PrimaryPort;
  readonly replica?: ReplicaPort;
  readonly migrations?: MigrationClient;
  readonly stagingMigrations?: MigrationClient;
  readonly statusPage?: StatusPagePort;
  readonly zendesk?: ZendeskClient;
  readonly jira?: JiraClient;
  readonly branches?: BranchPort;
  readonly reviews?: ReviewPort;
  /** Where post-mortems go instead of a folder. */
  readonly documentsRepository?: GitClient;
}
