import { z } from 'zod';
import { failure } from '../failures.ts';
import { createHttpClient, failureOfAnswer, parseJson } from '../http.ts';

/** What everybody sees of a status page, in the shape that Statuspage and those compatible with it serve. */
export interface PublicStatus {
  readonly indicator: string;
  /** Each with its state, as a person would say it. */
  readonly openIncidents: readonly string[];
  readonly components: readonly { readonly name: string; readonly status: string }[];
}

export interface PublicStatusPage {
  /** Throws the failures of failures.ts; a page without components says nothing, and never "all is well". */
  summary(): Promise<PublicStatus>;
}

export function createPublicStatusPage(settings: {
  /** `https://status.example.com`. */
  readonly baseUrl: string;
  readonly timeoutMilliseconds?: number;
}): PublicStatusPage {
  const http = createHttpClient({
    name: 'The public status page',
    baseUrl: settings.baseUrl,
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
  return {
    async summary() {
      // These pages move hosts and redirect; no credential travels along.
      const answer = await http.send({ path: '/api/v2/summary.json', followRedirects: true });
      if (answer.status !== 200) throw failureOfAnswer('The public status page', answer);
      const { status, components, incidents } = parseJson('The public status page', answer, SUMMARY);
      if (components.length === 0) throw failure('Unavailable', 'The public status page lists no components.');
      return {
        indicator: status.indicator,
        openIncidents: incidents.slice(0, LIMIT).map((one) => `${one.name.slice(0, 200)} (${one.status})`),
        components: components
          .slice(0, LIMIT)
          .map(({ name, status: state }) => ({ name: name.slice(0, 100), status: state })),
      };
    },
  };
}

const TIMEOUT_MILLISECONDS = 5_000;
const LIMIT = 50;
const SUMMARY = z.object({
  status: z.object({ indicator: z.string() }),
  components: z.array(z.object({ name: z.string(), status: z.string() })),
  incidents: z.array(z.object({ name: z.string(), status: z.string() })),
});
