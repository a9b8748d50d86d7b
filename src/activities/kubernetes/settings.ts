import { z } from 'zod';
import { http, secret, system, text } from '../system.ts';

export const kubernetes = system({
  name: 'Kubernetes',
  settings: {
    KUBERNETES_API_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'The cluster’s API, where neither a kubeconfig nor the pod’s own account says it.',
    },
    KUBERNETES_API_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'A service account’s token, with KUBERNETES_API_URL.',
      secret: true,
    },
    KUBECONFIG: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'Path of a kubeconfig.',
      inCompose: 'KUBECONFIG_IN_CONTAINER',
    },
    KUBERNETES_CA_FILE: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'The cluster’s certificate authority, when its API is not signed by a public one.',
    },
    ADMIN_API_THROUGH: {
      readBy: ['worker'],
      schema: z.enum(['proxy', 'exec']).default('proxy'),
      meaning: 'How each pod’s admin API is reached: proxy (of the API server) or exec (curl in the pod) (R3.2.3).',
    },
    MANIFESTS_DIR: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'A checkout of the team’s manifests, in which the policy’s paths are found (R3.3.5, R5.10).',
    },
  },
});
