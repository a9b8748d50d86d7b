import type { FastifyInstance } from 'fastify';
import type { Pages } from './incident-pages.ts';
import { Refused } from './page-context.ts';
import { drillBody, drillsBody } from './pages/drills.ts';
import { healthBody, type Readiness } from './pages/health.ts';
import { policyBody } from './pages/policy.ts';
import { type AuditLine, quickBody } from './pages/quick.ts';
import { type Figures, RECORD_BY, recordBody } from './pages/record.ts';
import { messageBody } from './pages/sign-in.ts';
import type { ListedIncident } from './reading.ts';

/** What is about the team and the product, not about one incident. */
export function registerTeamPages(site: FastifyInstance, { frame, signedIn, options }: Pages): void {
  site.get<{ Querystring: { by?: string } }>('/record', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const by = RECORD_BY.find((one) => one === request.query.by) ?? 'severity';
      const [figures, { incidents }] = await Promise.all([
        read<Figures>(`/api/stats?by=${by}`),
        read<{ incidents: readonly ListedIncident[] }>('/api/incidents?state=all'),
      ]);
      return frame('Record', me, ['clocks', 'session'], recordBody(figures, by, incidents, options.clock()));
    }),
  );

  site.get('/quick', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const { audit } = await read<{ audit: readonly AuditLine[] }>('/api/audit');
      const body = quickBody(audit, me, options.policy?.(), options.clock());
      return frame('Quick reference', me, ['clocks', 'quick', 'session'], body);
    }),
  );

  site.get('/policy', (request, reply) =>
    signedIn(request, reply, async ({ me }) => {
      const policy = options.policy?.();
      const body =
        policy === undefined ? messageBody('Policy', 'This gateway was given no policy to show.') : policyBody(policy);
      return frame('Policy', me, ['clocks', 'session'], body);
    }),
  );

  site.get('/health', (request, reply) =>
    signedIn(request, reply, async ({ me }) => {
      // A gateway that is not ready says so with 503; the page shows what it says.
      const answer = await site.inject({ url: '/readyz' });
      const body = healthBody(answer.json<Readiness>(), options.integrations ?? []);
      return frame('System health', me, ['clocks', 'refresh', 'session'], body);
    }),
  );

  site.get('/drills', (request, reply) =>
    signedIn(request, reply, async ({ me }) =>
      frame(
        'Drills',
        me,
        ['clocks', 'session'],
        drillsBody((await options.drills?.()) ?? [], new Date().toISOString()),
      ),
    ),
  );

  site.get<{ Params: { name: string } }>('/drills/:name', (request, reply) =>
    signedIn(request, reply, async ({ me }) => {
      const drill = (await options.drills?.())?.find(({ name }) => name === request.params.name);
      if (drill === undefined) throw new Refused(404, `There is no drill ${request.params.name}.`);
      return frame(`Drill ${drill.name}`, me, ['clocks', 'session'], drillBody(drill, new Date().toISOString()));
    }),
  );
}
