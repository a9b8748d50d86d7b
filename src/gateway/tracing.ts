import { type Context, context, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { openSpan } from '../tracing/spans.ts';

/** Asked by machines all the time, or open for hours: they would be nearly all that a collector keeps. */
const UNTRACED_PATHS = /^\/(healthz|readyz|livez|metrics|console\/)|\/events$/;

/**
 * A span for each request: alerts, reports, decisions, what Slack sends, and what people read. Senders' own traces are
 * not continued: anybody could send one.
 */
export function traceRequests(app: FastifyInstance): void {
  const under = new WeakMap<FastifyRequest, { readonly span: Span; readonly around: Context }>();
  // Just before the handler, for reading the body leaves the context.
  app.addHook('preHandler', (request, _reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unknown';
    if (method === 'HEAD' || method === 'OPTIONS' || UNTRACED_PATHS.test(route)) return done();
    const { id } = (request.params ?? {}) as { id?: unknown };
    const opened = openSpan({
      name: `${method} ${route}`,
      kind: 'server',
      attributes: { 'http.request.method': method, 'http.route': route },
      incidentId: /^(\/api)?\/incidents\/:id/.test(route) && typeof id === 'string' ? id.slice(0, 200) : null,
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
