import { http, names, secret, system, text } from '../system.ts';

export const jenkins = system({
  name: 'Jenkins',
  settings: {
    JENKINS_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'The team’s Jenkins.' },
    JENKINS_USER_ID: { readBy: ['worker'], schema: text.optional(), meaning: 'User whose token it is.' },
    JENKINS_API_TOKEN: { readBy: ['worker'], schema: secret.optional(), meaning: 'Their API token.', secret: true },
    JENKINS_JOBS: {
      readBy: ['worker'],
      schema: names.optional(),
      meaning: 'Full names of jobs to look at, commas between them.',
    },
  },
});
