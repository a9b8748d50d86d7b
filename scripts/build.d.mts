/** Each process that a production runs, and where its code begins. */
export const ENTRIES: Readonly<Record<string, string>>;
/** The folder of a build of the sources as they are now: worker.js, gateway.js, status-page.js, incident.js. */
export function builtCode(root?: string): Promise<string>;
/** The product in dist/, the workflows' bundle (workflows.cjs) included. */
export function buildDist(root?: string): Promise<string>;
