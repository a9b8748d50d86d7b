import { z } from 'zod';
import { http, secret, system, text } from '../system.ts';

export const elasticsearch = system({
  name: 'Elasticsearch',
  settings: {
    ELASTICSEARCH_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'Where the cluster’s logs are searched (R2.7).',
    },
    ELASTICSEARCH_API_KEY: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Key with read on the index.',
      secret: true,
    },
    ELASTICSEARCH_INDEX: {
      readBy: ['worker'],
      schema: z.string().min(1).default('logs-*,filebeat-*'),
      meaning: 'Index patterns of the logs.',
    },
    KIBANA_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'Where people open a log search.' },
    KIBANA_DATA_VIEW: { readBy: ['worker'], schema: text.default('logs-*'), meaning: 'Data view of those links.' },
  },
});
