import type { PodView } from './api.ts';
import type { Layout } from './layout.ts';
import { Rows, type UserShares } from './recording.ts';

/** What lives in the memory of one running container of the service, and is lost with it. */
export class Process {
  readonly name: string;
  readonly deployment: string;
  /** Figures since the container started: counters, then gauges, placed by the layout. */
  readonly figures: Float64Array;
  readonly rows: Rows;
  readonly userShares: UserShares[] = [];
  readonly breakers = new Map<string, 'open' | 'closed'>();
  readonly failovers = new Map<string, string>();
  /** A few pods of the next version that take their part of the deployment's requests. */
  isCanary = false;
  identity = '';
  image = '';
  node = '';
  /** Ready, on a node that lives: it takes requests. */
  serving = false;
  present = true;
  memoryLimitMiB = Number.POSITIVE_INFINITY;
  /** How much of the database its callers of slow statements would keep busy if nobody were in the way, in connections. */
  readonly callers = new Map<string, number>();
  leakedConnections = 0;
  leakedMiB = 0;
  requestsPerSecond = 0;

  /** The how-manieth process of the world it is. */
  readonly born: number;

  constructor(name: string, deployment: string, layout: Layout, firstScrape: number, born: number) {
    this.born = born;
    this.name = name;
    this.deployment = deployment;
    this.figures = new Float64Array(layout.width);
    this.rows = new Rows(layout.width, firstScrape);
  }

  /** Takes over what the cluster says of the pod; a container that was replaced starts with an empty memory. */
  observe(pod: PodView, image: string, memoryLimitMiB: number, deadNodes: ReadonlySet<string>): void {
    const identity = `${pod.startedAtMs}/${pod.restarts}`;
    if (identity !== this.identity && this.identity !== '') this.forget();
    this.identity = identity;
    this.image = image;
    this.node = pod.node;
    this.memoryLimitMiB = memoryLimitMiB;
    this.serving = pod.ready && pod.phase === 'Running' && !deadNodes.has(pod.node);
  }

  forget(): void {
    this.figures.fill(0);
    this.breakers.clear();
    this.failovers.clear();
    this.callers.clear();
    this.leakedConnections = 0;
    this.leakedMiB = 0;
  }
}
