import type { FastifyInstance } from 'fastify';
import type { CustomerMailsReading } from '../domain/customer-mails.ts';
import { html } from './markup.ts';
import type { ConsoleOptions } from './options.ts';
import type { Framed, SignedIn } from './page-context.ts';
import { incidentBody, incidentTitle } from './pages/incident.ts';
import { listBody } from './pages/list.ts';
import { postMortemBody } from './pages/post-mortem.ts';
import { type IncidentReading, type ListedIncident, stateOf, type TimelineReading } from './reading.ts';
import type { RunbookChangeReading } from './runbook-section.ts';

export interface Pages {
  readonly frame: Framed;
  readonly signedIn: SignedIn;
  readonly options: ConsoleOptions;
}

type OfIncident = { Params: { id: string }; Querystring: { all?: string } };

/** The list, and what there is about one incident. */
export function registerIncidentPages(site: FastifyInstance, { frame, signedIn, options }: Pages): void {
  site.get('/', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const { incidents } = await read<{ incidents: readonly ListedIncident[] }>('/api/incidents?state=all');
      return frame('Incidents', me, ['clocks', 'refresh', 'session'], listBody(incidents, me, options.clock()));
    }),
  );

  site.get<OfIncident>('/incidents/:id', (request, reply) =>
    signedIn(request, reply, async ({ me, read, readIfThere }) => {
      const at = `/api/incidents/${encodeURIComponent(request.params.id)}`;
      const [reading, timeline, mails] = await Promise.all([
        read<IncidentReading>(at),
        read<TimelineReading>(`${at}/timeline`),
        readIfThere<CustomerMailsReading>(`${at}/customer-mails`),
      ]);
      const { id } = reading.incident;
      const body = incidentBody({
        reading,
        timeline,
        state: stateOf(id, timeline.events),
        mails,
        me,
        people: options.people(),
        now: options.clock(),
        historyUrl: options.historyUrl(id),
        allEvents: request.query.all !== undefined,
      });
      return frame(incidentTitle(reading), me, ['clocks', 'live', 'decisions', 'session'], body);
    }),
  );

  site.get<OfIncident>('/incidents/:id/paper', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const { id } = request.params;
      const text = await read<string>(`/api/incidents/${encodeURIComponent(id)}/paper`);
      const body = html`<article class="page"><p class="crumb"><a href="/">Incidents</a> / <a href="/incidents/${encodeURIComponent(id)}">${id}</a></p><h1>The remaining steps</h1><pre class="paper" tabindex="0">${text}</pre></article>`;
      return frame(`The remaining steps of ${id}`, me, ['clocks', 'session'], body);
    }),
  );

  site.get<OfIncident>('/incidents/:id/post-mortem', (request, reply) =>
    signedIn(request, reply, async ({ me, readText, readIfThere }) => {
      const { id } = request.params;
      const { text, headers } = await readText(`/api/incidents/${encodeURIComponent(id)}/post-mortem`);
      const runbook = await readIfThere<RunbookChangeReading>(
        `/api/incidents/${encodeURIComponent(id)}/runbook-change`,
      );
      const body = postMortemBody({
        incidentId: id,
        text,
        digest: String(headers['x-post-mortem-digest'] ?? ''),
        approvedBy: String(headers['x-post-mortem-approved'] ?? '') || null,
        me,
        runbook,
      });
      return frame(`Post-mortem of ${id}`, me, ['clocks', 'post-mortem', 'runbook-change', 'session'], body);
    }),
  );
}
