import { NOW } from './pretend-gateway.ts';

/** As `incident drill run` keeps it, as far as it is read. */
export const REPORT = {
  drill: 'one',
  passed: false,
  checks: [{ check: 'resolved', expected: true, actual: [1], passed: false }],
  invariants: [
    { check: 'one writer', expected: true, actual: true, passed: true },
    { check: 'nothing twice', expected: true, actual: 'twice', passed: false },
  ],
  incidents: [
    {
      id: 'incident-1',
      severity: 'P1',
      cause: { kind: 'bad-deploy', names: ['noa-mcp'], confidence: 0.9 },
      actions: [{ action: 'rollback', target: 'noa-mcp', at: NOW, outcome: 'done', harm: null }],
      minutes: { detected: 0, declared: 0, acknowledged: 1, causeKnown: 2, mitigated: 4.5, resolved: null },
      promises: { kept: 3, late: 1, missed: 0 },
      events: 2,
      timeline: [
        { at: NOW, kind: 'alert-received', text: 'Alert received' },
        { at: NOW, kind: 'step-finished', text: 'Step x finished' },
      ],
    },
  ],
  paged: [],
  mailed: [],
  published: { statusPage: [], slack: [] },
  failedRequests: 12,
  wallSeconds: 20.5,
};
