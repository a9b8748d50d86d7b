import { z } from 'zod';

/** An odd reference is left out: an alert must not be lost for it. */
const reference = z
  .object({ id: z.string(), summary: z.string().nullish(), type: z.string().nullish() })
  .nullish()
  .catch(null);

export const message = z.object({
  event: z.object({
    id: z.string().min(1),
    event_type: z.string(),
    occurred_at: z.string().nullish(),
    agent: reference,
    data: z
      .object({
        id: z.string().optional(),
        title: z.string().nullish(),
        incident_key: z.string().nullish(),
        created_at: z.string().nullish(),
        html_url: z.string().nullish(),
        service: reference,
        priority: reference,
        urgency: z.string().nullish(),
        assignees: z
          .array(z.object({ id: z.string(), summary: z.string().nullish() }))
          .nullish()
          .catch(null),
        content: z.string().nullish(),
        incident: reference,
      })
      .nullish(),
  }),
});

export type PagerdutyEvent = z.infer<typeof message>['event'];
export type PagerdutyIncident = NonNullable<z.infer<typeof message>['event']['data']> & { id: string };
