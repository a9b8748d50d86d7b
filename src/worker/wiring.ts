import { createProviderActivities } from '../activities/admin-api/activities.ts';
import { createAdminClient } from '../activities/admin-api/client.ts';
import { createAuditActivities } from '../activities/audit/activities.ts';
import { createAuthorityActivities } from '../activities/authority/activities.ts';
import { createChangeActivities } from '../activities/changes/activities.ts';
import { createCustomerActivities } from '../activities/customers/activities.ts';
import { createCustomerDirectory } from '../activities/customers/client.ts';
import { createDocumentsClient, type DocumentsClient } from '../activities/documents/client.ts';
import { createEvidenceActivities } from '../activities/evidence/activities.ts';
import { createFailoverActivities } from '../activities/failover/activities.ts';
import { createFollowUpActivities } from '../activities/follow-up/activities.ts';
import type { ActionItemsPort } from '../activities/follow-up/ports.ts';
import { createDashboardActivities } from '../activities/grafana/activities.ts';
import { createClusterActivities } from '../activities/kubernetes/activities.ts';
import { createKubernetesClient } from '../activities/kubernetes/client.ts';
import { connectToKubernetes, kubernetesOptions } from '../activities/kubernetes/connection.ts';
import { createDatabaseCluster } from '../activities/kubernetes/database-place.ts';
import { installedKustomize } from '../activities/kubernetes/installed-kustomize.ts';
import { createManifests } from '../activities/kubernetes/manifests.ts';
import { createPodGateway } from '../activities/kubernetes/pod-gateway.ts';
import { createClusterReadings } from '../activities/kubernetes/readings.ts';
import { createPagingActivities } from '../activities/pagerduty/activities.ts';
import { createMigrationActivities } from '../activities/postgres/activities.ts';
import { createPublicationActivities } from '../activities/publication/activities.ts';
import { createTicketActivities } from '../activities/tickets/activities.ts';
import { createUserReportActivities } from '../activities/user-reports/activities.ts';
import type { Clock } from '../config/clock.ts';
import { verifyDecision } from '../config/decision-signature.ts';
import type { WorkerEnv } from '../config/env.ts';
import { createTemplateRenderer } from '../config/liquid.ts';
import type { PeopleDirectory } from '../config/people.ts';
import type { Store } from '../store/store.ts';
import { keptDocuments, repositoryDocuments } from './documents.ts';
import type { IdleDeadlines } from './idle-deadlines.ts';
import { messagePorts, openBulkMail } from './message-ports.ts';
import { customerMetrics, impactMetrics } from './metrics-at.ts';
import { ownStatusPage } from './own-status-page.ts';
import { recordPort } from './record-port.ts';
import { evidenceOf, type GivenPorts } from './system-ports.ts';

export interface WiringOptions {
  readonly env: WorkerEnv;
  readonly store: Store;
  readonly people: PeopleDirectory;
  readonly clock: Clock;
  readonly actionItems: ActionItemsPort;
  /** Of the outside systems. */
  readonly ports: GivenPorts;
  /** Counted by the wall clock when left out. */
  readonly deadlines?: IdleDeadlines;
}

/** Every activity with the clients of the systems that the environment names. The one place where rooms meet. */
export function wireActivities({ env, store, people, clock, actionItems, ports, deadlines }: WiringOptions) {
  const kubernetes = createKubernetesClient(connectToKubernetes(kubernetesOptions(env)));
  const evidence = evidenceOf(ports);
  const { metrics } = evidence;
  const tickets = { zendesk: ports.one('zendesk'), jira: ports.one('jira') };
  const texts = {
    put: (text: string) => store.evidence.put({ body: text, mediaType: 'text/markdown', at: clock() }),
    get: async (digest: string) => (await store.evidence.get(digest))?.body.toString('utf8') ?? null,
  };
  return merged(
    createEvidenceActivities({
      ...(deadlines === undefined ? {} : { deadlines }),
      cluster: createClusterReadings(kubernetes),
      ...evidence,
      database: timed(evidence.database, deadlines),
      cache: timed(evidence.cache, deadlines),
      record: recordPort(store),
      store: { put: (body, mediaType) => store.evidence.put({ body, mediaType, at: clock() }) },
      clock,
    }),
    createClusterActivities(
      kubernetes,
      env.MANIFESTS_DIR === undefined
        ? null
        : createManifests({ directory: env.MANIFESTS_DIR, kustomize: installedKustomize }),
    ),
    createProviderActivities(createAdminClient(createPodGateway(kubernetes, env.ADMIN_API_THROUGH))),
    createFailoverActivities({
      primary: ports.one('primary'),
      replica: ports.one('replica'),
      cluster: createDatabaseCluster(kubernetes),
    }),
    createMigrationActivities({ production: ports.one('migrations'), staging: ports.one('stagingMigrations') }),
    createPublicationActivities({
      ...(deadlines === undefined ? {} : { deadlines }),
      ...messagePorts(ports, ownStatusPage(store, clock)),
      render: createTemplateRenderer(),
      ledger: store.ledger,
      clock,
    }),
    createPagingActivities({ rest: ports.one('pagingRecord'), people }),
    createCustomerActivities({
      directory: createCustomerDirectory({
        csv: env.CUSTOMERS_CSV ?? null,
        databaseUrl: env.CUSTOMERS_DATABASE_URL ?? null,
      }),
      metrics: customerMetrics(metrics),
      ledger: store.customerMail,
      openMail: () => openBulkMail(ports),
      render: createTemplateRenderer(),
    }),
    createFollowUpActivities({
      documents: keptDocuments(documentsOf(env, ports, clock), store, clock),
      metrics: impactMetrics(metrics),
      complaints: evidence.tickets.map((port) => ({
        system: port.system,
        between: (fromAt, untilAt) => port.since(fromAt, clock(), untilAt),
      })),
      store: {
        recordTimeline: async (input) => void (await store.record.recordTimeline(input)),
        timeline: (incidentId) => store.projection.timelineSince(incidentId, 0, TIMELINE_EVENTS),
      },
      actionItems,
      texts,
      runbookChanges: store.runbookChanges,
      customerMails: store.customerMail,
    }),
    createAuditActivities({ audit: store.audit }),
    createChangeActivities({
      branches: ports.one('branches'),
      reviews: ports.one('reviews'),
      texts,
      baseBranch: env.GIT_BASE_BRANCH,
    }),
    createDashboardActivities(ports.one('grafana'), { ledger: store.ledger, clock }),
    createTicketActivities({ systems: tickets, ledger: store.ledger, clock }),
    createUserReportActivities({
      reports: store.reports,
      intake: store.inbox,
      answers: { chat: ports.one('chat'), ...tickets },
      ledger: store.ledger,
      clock,
    }),
    createAuthorityActivities({
      people: { person: (id) => people.byId(id) },
      isSigned: (decision) => verifyDecision(decision, env.DECISION_SIGNING_KEY),
    }),
  );
}

/** Documents live in a repository of their own where one is named (R6.3), else in a directory. */
function documentsOf(env: WorkerEnv, ports: GivenPorts, clock: Clock): DocumentsClient {
  const repository = ports.one('documentsRepository');
  return repository === null
    ? createDocumentsClient({ directory: env.DOCUMENTS_DIR })
    : repositoryDocuments(repository, env.GIT_BASE_BRANCH, clock);
}

/** More than the engine lets one incident have. */
const TIMELINE_EVENTS = 50_000;

type Together<G extends readonly object[]> = G extends readonly [infer H, ...infer T extends readonly object[]]
  ? H & Together<T>
  : unknown;

/** Two activities of one name would silently be one; here it is an error at start. */
function merged<const G extends readonly object[]>(...groups: G): Together<G> {
  const all: Record<string, unknown> = {};
  for (const group of groups) {
    for (const [name, activity] of Object.entries(group)) {
      if (name in all) throw new Error(`Two activities are named ${name}.`);
      all[name] = activity;
    }
  }
  return all as Together<G>;
}

/** In a rehearsal an answer took as long as production slept over it; what this machine needed is not production's. */
function timed<P extends { answers(): Promise<{ readonly milliseconds: number | null }> }>(
  port: P | null,
  deadlines: IdleDeadlines | undefined,
): P | null {
  if (port === null || deadlines === undefined) return port;
  return {
    ...port,
    async answers() {
      const beforeMs = await deadlines.sleptMilliseconds();
      const answer = await port.answers();
      const sleptMs = (await deadlines.sleptMilliseconds()) - beforeMs;
      return answer.milliseconds === null ? answer : { ...answer, milliseconds: Math.round(sleptMs) };
    },
  };
}
