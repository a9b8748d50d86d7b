import { incidentNamedIn } from '../domain/incident-name.ts';
import { traceFields } from './spans.ts';

/**
 * What every structured line of gateway and worker carries beside its words: the incident it is about, as a field to search
 * by, and the trace it was written in when there is one. Spread into pino's options.
 */
export const lineFields = {
  mixin: (fields: object) => ({ ...incidentOf(fields), ...traceFields() }),
  hooks: {
    logMethod(this: unknown, args: unknown[], write: (...args: never[]) => void): void {
      const [first, ...rest] = args;
      const named = typeof first === 'string' ? incidentNamedIn(first) : null;
      write.apply(this, (named === null ? args : [{ incidentId: named }, first, ...rest]) as never[]);
    },
  },
} as const;

/** The engine's lines name the workflow, which has its incident's id, or one made of it. */
function incidentOf(fields: object): { readonly incidentId?: string } {
  const { workflowId, incidentId } = fields as { workflowId?: unknown; incidentId?: unknown };
  if (typeof incidentId === 'string' || typeof workflowId !== 'string') return {};
  const named = incidentNamedIn(workflowId);
  return named === null ? {} : { incidentId: named };
}
