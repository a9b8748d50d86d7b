import { REPORTING_SECRETS } from './reporting.ts';

/** The token, key or password of each system. */
export type Credentials = typeof SECRETS;
export const SECRETS = {
  ...REPORTING_SECRETS,
  kubernetes: 'simulated-cluster-token',
  slack: 'xoxb-simulated',
  pagerDuty: 'simulated-pagerduty-token',
  statusPage: 'simulated-statuspage-key',
  anthropic: 'simulated-anthropic-key',
  openai: 'simulated-openai-key',
  github: 'ghp_simulated0000000000000000000000000000',
  jenkins: 'simulated-jenkins-token',
  elasticsearch: 'c2ltdWxhdGVkOmVsYXN0aWNzZWFyY2g=',
  grafana: 'glsa_simulated',
  /** Empty: it asks for none. */
  redis: '',
  smtp: '',
};
