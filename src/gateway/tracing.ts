import { type Context, context, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { openSpan } from '../tracing/spans.ts';

/**
 * A span for each request that says something: alerts, reports, decisions, what Slack sends. Reading is counted by the
 * metrics. Senders' own traces are not continued: anybody could send one.
 */
export function traceRequests(app: FastifyInstance): void {
  const under = new WeakMap<FastifyRequest, { readonly span: Span; readonly around: Context }>();
  // Just before the handler, for reading the body leaves the context.
  app.addHook('preHandler', (request, _reply, done) => {
    const { method } = request;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return done();
    const route = request.routeOptions.url ?? 'unknown';
    const { id } = (request.params ?? {}) as { id?: unknown };
    const opened = openSpan({
      name: `${method} ${route}`,
      kind: 'server',
      attributes: { 'http.request.method': method, 'http.route': route },
      incidentId: route.startsWith('/api/incidents/:id') && typeof id === 'string' ? id.slice(0, 200) : null,
      parent: null,
    });
    under.set(request, opened);
    context.with(opened.around, done);
  });
  app.addHook('onResponse', async (request, reply) => {
    const opened = under.get(request);
    opened?.span.setAttribute('http.response.status_code', reply.statusCode);
    opened?.span.end();
  });
}
