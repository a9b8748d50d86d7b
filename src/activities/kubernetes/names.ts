import { failure } from '../failures.ts';
import { KUBERNETES } from './connection.ts';

/** Names come from policy, manifests and alerts; only what Kubernetes allows as a name may become part of a path. */
export function segment(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) return name;
  throw failure('Invalid', `${KUBERNETES}: "${name.slice(0, 80)}" is not a name that an object can have.`);
}
