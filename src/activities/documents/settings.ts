import { system, text } from '../system.ts';

export const documents = system({
  name: 'Documents',
  settings: {
    DOCUMENTS_DIR: { readBy: ['worker'], schema: text.default('documents'), meaning: 'Folder for post-mortems.' },
  },
});
