import type { FastifyInstance } from 'fastify';
import { openApi } from '../openapi.ts';

/** GET /api/openapi.json: what decisions take. It says nothing of any incident, so nobody has to sign in for it. */
export function registerOpenApi(app: FastifyInstance): void {
  const document = openApi();
  app.get('/api/openapi.json', async () => document);
}
