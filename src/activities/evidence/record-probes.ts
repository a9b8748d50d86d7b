import { percent } from '../../domain/format.ts';
import type { PastIncidentFact } from './ports.ts';
import { count, jsonBody, type Probe, type ProbeTable, required } from './probe.ts';

const SHOWN = 5;

/** Have we seen this before? What ended it then is the best hint there is, and only a hint. */
const pastIncidents: Probe = {
  source: 'Record of past incidents',
  async ask({ record }, { request }) {
    const similar = await required(record, 'The record of past incidents').similar(request.incidentId, SHOWN);
    return {
      command: `incident similar ${request.incidentId}`,
      words:
        similar.length === 0
          ? 'Nothing like this is on record.'
          : `${count(similar.length, 'past incident')} like this: ${similar.map(inWords).join('; ')}.`,
      abnormal: similar.length > 0,
      excerpt: similar.map((one) => `${one.id} (${percent(one.score)}): ${one.title}`).join('\n'),
      finding: { probe: 'past-incidents', incidents: similar },
      ...jsonBody(similar),
    };
  },
};

export const RECORD_PROBES: ProbeTable<'past-incidents'> = { 'past-incidents': pastIncidents };

function inWords({ id, cause, fix, resolveMinutes, why }: PastIncidentFact): string {
  const ended = fix === null ? 'how it ended is not recorded' : `it ended with: ${fix}`;
  const long = resolveMinutes === null ? '' : ` after ${count(Math.round(resolveMinutes), 'minute')}`;
  return `${id} (${why.join(', ')}): ${cause ?? 'its cause was not found'} ${ended}${long}`;
}
