/** What leaves an activity has been through this. */
export { redactSecrets } from '../domain/redaction.ts';
