import { system, text } from '../system.ts';

export const documents = system({
  name: 'Documents',
  settings: {
    DOCUMENTS_REPOSITORY_URL: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'A repository for post-mortems, instead of DOCUMENTS_DIR.',
    },
    DOCUMENTS_DIR: { readBy: ['worker'], schema: text.default('documents'), meaning: 'Folder for post-mortems.' },
  },
});
