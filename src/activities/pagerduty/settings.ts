import { z } from 'zod';
import { http, secret, system, text } from '../system.ts';

/** JSON, a key for each pagingService of the policy. */
const routingKeys = z.string().transform((written, context) => {
  const parsed = z.record(z.string(), z.string().min(1)).safeParse(jsonOf(written));
  if (parsed.success) return parsed.data as Readonly<Record<string, string>>;
  context.addIssue({
    code: 'custom',
    message: 'must be JSON such as {"primary":"R0UT1NGKEY"}: a routing key for each pagingService of the policy',
  });
  return z.NEVER;
});

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return null;
  }
}

export const pagerDuty = system({
  name: 'PagerDuty',
  door: {
    name: 'PagerDuty’s webhook',
    needs: 'PAGERDUTY_WEBHOOK_SECRET',
    without: 'Acknowledging in PagerDuty is not seen here.',
  },
  settings: {
    PAGERDUTY_WEBHOOK_SECRET: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'Signing secret of PagerDuty’s V3 webhook.',
      secret: true,
    },
    PAGERDUTY_EVENTS_URL: {
      readBy: ['worker'],
      schema: http.default('https://events.pagerduty.com'),
      meaning: 'PagerDuty’s Events API v2.',
    },
    PAGERDUTY_ROUTING_KEYS: {
      readBy: ['worker'],
      schema: routingKeys.optional(),
      meaning: 'JSON: a routing key for each pagingService of the policy.',
      secret: true,
    },
    PAGERDUTY_API_URL: {
      readBy: ['worker'],
      schema: http.default('https://api.pagerduty.com'),
      meaning: 'PagerDuty’s REST API: who is on call, who answered a page before the next one goes out, notes at it.',
    },
    PAGERDUTY_API_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Token of the REST API.',
      secret: true,
    },
    PAGERDUTY_FROM_EMAIL: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'Address of a user there, on whose behalf the REST API writes.',
    },
  },
});
