import { z } from 'zod';
import { failure } from '../failures.ts';
import { createHttpClient } from '../http.ts';

export interface PagerDutySettings {
  /** `https://events.pagerduty.com`, or `https://events.eu.pagerduty.com`. */
  readonly eventsUrl: string;
  /** Integration keys (Events v2) by the `pagingService` of the policy's contacts. */
  readonly routingKeys: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds?: number;
}

export interface PageEvent {
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly pagingService: string;
  /** The same for all three actions of one page; a second trigger with it never wakes anybody twice. */
  readonly dedupKey: string;
  readonly summary: string;
  readonly source: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly at: string;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly details: Readonly<Record<string, string>>;
}

export interface PagerDutyClient {
  /** Idempotent by its dedup key, so it may be retried blindly. Throws `Invalid` when no key is configured. */
  page(event: PageEvent): Promise<{ readonly ref: string }>;
}

export function createPagerDutyClient(settings: PagerDutySettings): PagerDutyClient {
  const http = createHttpClient({
    name: 'PagerDuty',
    baseUrl: settings.eventsUrl,
    secrets: Object.values(settings.routingKeys),
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
  return {
    async page(event) {
      const routingKey = Object.hasOwn(settings.routingKeys, event.pagingService)
        ? settings.routingKeys[event.pagingService]
        : undefined;
      if (routingKey === undefined) {
        throw failure(
          'Invalid',
          `No PagerDuty routing key is configured for "${event.pagingService}", so nobody was paged. Add one to PAGERDUTY_ROUTING_KEYS.`,
        );
      }
      const answer = await http.json({ method: 'POST', path: '/v2/enqueue', json: body(event, routingKey) }, ACCEPTED);
      return { ref: answer.dedup_key ?? event.dedupKey };
    },
  };
}

const TIMEOUT_MILLISECONDS = 7_000;
const DEDUP_KEY_CHARACTERS = 255;
const SUMMARY_CHARACTERS = 1024;
const ACCEPTED = z.object({ status: z.string(), dedup_key: z.string().optional() });

function body(event: PageEvent, routingKey: string) {
  const address = {
    routing_key: routingKey,
    event_action: event.action,
    dedup_key: event.dedupKey.slice(0, DEDUP_KEY_CHARACTERS),
  };
  if (event.action !== 'trigger') return address;
  return {
    ...address,
    client: 'incident-runbook',
    payload: {
      summary: event.summary.slice(0, SUMMARY_CHARACTERS),
      source: event.source,
      severity: event.severity,
      timestamp: event.at,
      custom_details: event.details,
    },
    links: event.links,
  };
}
