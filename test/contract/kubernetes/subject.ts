import { createClusterActivities } from '../../../src/activities/kubernetes/activities.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import { createManifests } from '../../../src/activities/kubernetes/manifests.ts';
import type { RemedyPlan, RemedyRequest } from '../../../src/domain/remedy.ts';
import { MANIFESTS } from '../../activities/kubernetes/simulated-rig.ts';

export const NAMESPACE = 'noa-server';

/** What the suite runs against: an API server with the company's cluster on it. */
export interface Subject {
  readonly url: string;
  readonly token: string;
  readonly caFile?: string;
  /** Somebody who may sign in and do nothing. */
  readonly strangerToken: string;
  /** Lets the cluster live a little: moves its clock, or waits. */
  readonly live: () => Promise<void>;
  /** Somebody edits the ConfigMap by hand. */
  readonly editConfigMap: () => Promise<void>;
  /** Instant for plans: the cluster's own now. */
  readonly at: () => string;
  /** Cases that this part cannot show, each with the reason; they are counted and checked against documented bytes. */
  readonly cannotShow: Readonly<Partial<Record<ListedCase, string>>>;
  readonly close: () => Promise<void>;
}

export type ListedCase = 'exit code' | 'metrics';

export type Bench = ReturnType<typeof benchOf>;

/** Our client and activities on it, as a worker has them. */
export function benchOf(subject: Subject) {
  const connectAs = (token: string) =>
    connectToKubernetes({
      apiUrl: subject.url,
      token,
      ...(subject.caFile === undefined ? {} : { caFile: subject.caFile }),
      timeoutMilliseconds: 10_000,
    });
  const connection = connectAs(subject.token);
  const client = createKubernetesClient(connection);
  const activities = createClusterActivities(client, createManifests({ directory: MANIFESTS }));
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (let i = 0; i < TRIES; i += 1) {
      if (await holds()) return;
      await subject.live();
    }
    throw new Error(`It never came to this: ${what}`);
  };
  return {
    subject,
    connectAs,
    connection,
    client,
    activities,
    until,
    async planFor(request: RemedyRequest, keyPrefix: string, incidentId = 'incident-a'): Promise<RemedyPlan> {
      const [answer] = await activities.previewClusterRemedies({
        incidentId,
        keyPrefix: `${incidentId}/${keyPrefix}`,
        requests: [request],
        at: subject.at(),
      });
      if (answer?.kind !== 'plan') throw new Error(answer?.reason ?? 'no preview');
      return answer.plan;
    },
    async rolledOut(plan: RemedyPlan): Promise<void> {
      await until(`${plan.action} is rolled out`, async () => {
        try {
          return (await activities.awaitRollout({ plan, pollSeconds: 1 })).complete;
        } catch (error) {
          if ((error as { type?: string }).type !== 'NotYet') throw error;
          return false;
        }
      });
    },
    /** The object as the API server shows it to anybody. */
    async raw<T = Record<string, unknown>>(path: string): Promise<T> {
      return JSON.parse((await connection.send({ method: 'GET', path })).text) as T;
    },
  };
}

const TRIES = 300;
