import { secret, system, text } from '../system.ts';

export const git = system({
  name: 'git',
  settings: {
    GIT_REPOSITORY_DIR: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'A checkout or mirror on this machine, whose commits are read as well.',
    },
    GIT_REPOSITORY_URL: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'Where fixes and documents are pushed: https, ssh or a path.',
    },
    GIT_USERNAME: {
      readBy: ['worker'],
      schema: text.default('x-access-token'),
      meaning: 'User name that goes with GIT_TOKEN.',
    },
    GIT_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Password for an https remote.',
      secret: true,
    },
    GIT_BASE_BRANCH: {
      readBy: ['worker'],
      schema: text.default('main'),
      meaning: 'Branch that fixes start from and documents go to.',
    },
    GIT_COMMITTER_NAME: { readBy: ['worker'], schema: text.default('Incident Runbook'), meaning: 'Who commits.' },
    GIT_COMMITTER_EMAIL: {
      readBy: ['worker'],
      schema: text.default('incident-runbook@localhost'),
      meaning: 'Their address.',
    },
    DOCUMENTS_REPOSITORY_URL: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'A repository for post-mortems, instead of DOCUMENTS_DIR.',
    },
  },
});
