import { accounts } from './accounts/settings.ts';
import { alertmanager } from './alertmanager/settings.ts';
import { customers } from './customers/settings.ts';
import { documents } from './documents/settings.ts';
import { elasticsearch } from './elasticsearch/settings.ts';
import { email } from './email/settings.ts';
import { git } from './git/settings.ts';
import { gitHub } from './github/settings.ts';
import { grafana } from './grafana/settings.ts';
import { jenkins } from './jenkins/settings.ts';
import { jira } from './jira/settings.ts';
import { kubernetes } from './kubernetes/settings.ts';
import { pagerDuty } from './pagerduty/settings.ts';
import { serviceDatabases } from './postgres/settings.ts';
import { prometheus } from './prometheus/settings.ts';
import { providers } from './providers/settings.ts';
import { redis } from './redis/settings.ts';
import { serviceApi } from './service-api/settings.ts';
import { slack } from './slack/settings.ts';
import { social } from './social/settings.ts';
import { statusPage } from './status-page/settings.ts';
import { zendesk } from './zendesk/settings.ts';

/**
 * Every outside system, in the order in which people read of them: the only file that names them all. What a system has
 * beside its settings is loaded when somebody asks for it, so that naming them costs no process its drivers.
 */
export const SYSTEMS = [
  { ...kubernetes, check: () => import('./kubernetes/check.ts') },
  { ...prometheus, check: () => import('./prometheus/check.ts'), ports: () => import('./prometheus/ports.ts') },
  { ...alertmanager, check: () => import('./alertmanager/check.ts'), ports: () => import('./alertmanager/ports.ts') },
  { ...serviceDatabases, check: () => import('./postgres/check.ts'), ports: () => import('./postgres/ports.ts') },
  { ...redis, check: () => import('./redis/check.ts'), ports: () => import('./redis/ports.ts') },
  { ...serviceApi, ports: () => import('./service-api/ports.ts') },
  { ...accounts, check: () => import('./accounts/check.ts') },
  { ...slack, check: () => import('./slack/check.ts'), ports: () => import('./slack/ports.ts') },
  { ...pagerDuty, check: () => import('./pagerduty/check.ts'), ports: () => import('./pagerduty/ports.ts') },
  { ...email, check: () => import('./email/check.ts'), ports: () => import('./email/ports.ts') },
  { ...statusPage, check: () => import('./status-page/check.ts'), ports: () => import('./status-page/ports.ts') },
  { ...zendesk, check: () => import('./zendesk/check.ts'), ports: () => import('./zendesk/ports.ts') },
  { ...jira, check: () => import('./jira/check.ts'), ports: () => import('./jira/ports.ts') },
  { ...social, check: () => import('./social/check.ts'), ports: () => import('./social/ports.ts') },
  { ...customers },
  { ...git, check: () => import('./git/check.ts'), ports: () => import('./git/ports.ts') },
  { ...gitHub, check: () => import('./github/check.ts'), ports: () => import('./github/ports.ts') },
  { ...jenkins, check: () => import('./jenkins/check.ts'), ports: () => import('./jenkins/ports.ts') },
  {
    ...elasticsearch,
    check: () => import('./elasticsearch/check.ts'),
    ports: () => import('./elasticsearch/ports.ts'),
  },
  { ...grafana, check: () => import('./grafana/check.ts'), ports: () => import('./grafana/ports.ts') },
  { ...documents },
  { ...providers, check: () => import('./providers/check.ts'), ports: () => import('./providers/ports.ts') },
] as const;

type Together<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
export type SystemSettings = Together<(typeof SYSTEMS)[number]['settings']>;
