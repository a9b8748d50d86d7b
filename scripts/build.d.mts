/** Each process that a production runs, and where its code begins. */
export const ENTRIES: Readonly<Record<string, string>>;
/** The folder of a build of the sources as they are now: worker.js, gateway.js, status-page.js, incident.js. */
export function builtCode(root?: string): Promise<string>;
/** The product in dist/, the workflows' bundle (workflows.cjs) included. */
export function buildDist(root?: string): Promise<string>;
/** Bundles the workflows at `entry`, with the interceptors.ts beside it where there is one, into `file`. */
export function bundleWorkflows(entry: string, file: string, warn?: (message: string) => void): Promise<void>;
