/** What the cluster looks like when a play begins. Ages are milliseconds before the start. */
export interface ClusterSettings {
  readonly namespace: string;
  readonly nodes: readonly NodeSettings[];
  readonly deployments: readonly DeploymentSettings[];
  readonly statefulSets: readonly StatefulSetSettings[];
  readonly ingresses?: readonly IngressSettings[];
  readonly configMaps: readonly {
    readonly name: string;
    readonly data: Readonly<Record<string, string>>;
    readonly ageMs: number;
  }[];
}

/** The way in from outside; a strict rate limit is an annotation of it. */
export interface IngressSettings {
  readonly name: string;
  readonly host: string;
  readonly service: string;
  readonly port: number;
  readonly ageMs: number;
}

export interface NodeSettings {
  readonly name: string;
  readonly cpuMillicores: number;
  readonly memoryMiB: number;
  readonly zone: string;
}

export interface DeploymentSettings {
  readonly name: string;
  readonly replicas: number;
  readonly port: number;
  readonly memoryLimitMiB: number;
  readonly cpuLimitMillicores: number;
  readonly env: Readonly<Record<string, string>>;
  /** Oldest first; the last one is live. */
  readonly history: readonly { readonly image: string; readonly changeCause: string | null; readonly ageMs: number }[];
}

export interface StatefulSetSettings {
  readonly name: string;
  readonly image: string;
  readonly replicas: number;
  readonly port: number;
  readonly memoryLimitMiB: number;
  readonly ageMs: number;
}

const DAY_MS = 86_400_000;

/** The default production: the runbook's own company, NOA Server. */
export const DEFAULT_CLUSTER: ClusterSettings = {
  namespace: 'noa-server',
  nodes: [
    { name: 'node-a', cpuMillicores: 8_000, memoryMiB: 32_768, zone: 'zone-1' },
    { name: 'node-b', cpuMillicores: 8_000, memoryMiB: 32_768, zone: 'zone-1' },
    { name: 'node-c', cpuMillicores: 8_000, memoryMiB: 32_768, zone: 'zone-2' },
  ],
  deployments: [
    {
      name: 'noa-mcp',
      replicas: 3,
      port: 8001,
      memoryLimitMiB: 1024,
      cpuLimitMillicores: 1_000,
      env: { DATABASE_POOL_SIZE: '100', DATABASE_URL: 'postgres://noa@noa-postgres:5432/noa' },
      history: [
        {
          image: 'registry.noaserver.com/noa-mcp:v1.8.2',
          changeCause: 'v1.8.2: provider retry budget',
          ageMs: 21 * DAY_MS,
        },
        {
          image: 'registry.noaserver.com/noa-mcp:v1.8.3',
          changeCause: 'v1.8.3: dependency updates',
          ageMs: 12 * DAY_MS,
        },
        { image: 'registry.noaserver.com/noa-mcp:v1.9.0', changeCause: 'v1.9.0: session export', ageMs: 5 * DAY_MS },
      ],
    },
    {
      name: 'noa-claude-flow',
      replicas: 2,
      port: 9100,
      memoryLimitMiB: 2048,
      cpuLimitMillicores: 2_000,
      env: { MCP_URL: 'http://noa-mcp:8001' },
      history: [
        {
          image: 'registry.noaserver.com/noa-claude-flow:v2.3.0',
          changeCause: 'v2.3.0: streaming flows',
          ageMs: 30 * DAY_MS,
        },
        {
          image: 'registry.noaserver.com/noa-claude-flow:v2.3.1',
          changeCause: 'v2.3.1: flow timeouts',
          ageMs: 9 * DAY_MS,
        },
      ],
    },
  ],
  statefulSets: [
    { name: 'noa-postgres', image: 'postgres:15.8', replicas: 2, port: 5432, memoryLimitMiB: 4096, ageMs: 60 * DAY_MS },
    { name: 'noa-redis', image: 'redis:7.0', replicas: 1, port: 6379, memoryLimitMiB: 1024, ageMs: 60 * DAY_MS },
  ],
  ingresses: [{ name: 'noa-server', host: 'api.noaserver.com', service: 'noa-mcp', port: 8001, ageMs: 60 * DAY_MS }],
  configMaps: [
    {
      name: 'noa-mcp-config',
      data: { 'feature-flags': 'session-export=on', 'rate-limit': 'default' },
      ageMs: 14 * DAY_MS,
    },
  ],
};

/** The default cluster with the deployments that the world names: known ones scaled, unknown ones made like the first. */
export function clusterFor(deployments: Readonly<Record<string, { readonly replicas: number }>>): ClusterSettings {
  const [pattern] = DEFAULT_CLUSTER.deployments;
  if (pattern === undefined) return DEFAULT_CLUSTER;
  const made = Object.entries(deployments).map(([name, { replicas }]) => {
    const known = DEFAULT_CLUSTER.deployments.find((one) => one.name === name);
    if (known !== undefined) return { ...known, replicas };
    const history = [{ image: `registry.noaserver.com/${name}:v1.0.0`, changeCause: 'v1.0.0', ageMs: 20 * DAY_MS }];
    return { ...pattern, name, replicas, history };
  });
  return { ...DEFAULT_CLUSTER, deployments: made };
}
