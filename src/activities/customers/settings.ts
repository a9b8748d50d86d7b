import { postgresUrl, system, text } from '../system.ts';

export const customers = system({
  name: 'Who the customers are',
  settings: {
    CUSTOMERS_CSV: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'Who stands behind the users of the metrics, as a file (R4.5).',
    },
    CUSTOMERS_DATABASE_URL: {
      readBy: ['worker'],
      schema: postgresUrl.optional(),
      meaning: 'Or the database that the policy’s customers.directoryQuery asks.',
      secret: true,
    },
  },
});
