import type { BuildFact } from '../domain/evidence.ts';
import type { ChangeSource } from './evidence/ports.ts';

/**
 * What a system may give a worker, by the port of the room that uses it. A system gives what it is configured for;
 * where several give the same, all of them are asked or the first is, as worker/wiring.ts says.
 */
export interface SystemPorts {
  readonly builds?: ChangeSource<BuildFact>;
}
