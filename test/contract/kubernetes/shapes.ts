import { type ListedCase, NAMESPACE } from './subject.ts';

export const CORE = `/api/v1/namespaces/${NAMESPACE}`;
export const MCP = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/noa-mcp`;
export const LIMIT_MS = 120_000;
/** On a machine that has never built the API server, that comes first. */
export const OPEN_LIMIT_MS = 35 * 60_000;

export interface Status {
  readonly kind: string;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly causes?: readonly { readonly reason: string; readonly message: string }[];
  };
}

export interface Deployment {
  readonly metadata: { readonly resourceVersion: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly resources: { readonly limits: Record<string, string> };
        }[];
      };
    };
  };
}

/** Runs the case, or what is checked instead where the part cannot show it. */
export type UnlessListed = (
  one: ListedCase,
  shown: () => Promise<void>,
  instead: () => Promise<void>,
) => () => Promise<void>;
