import type { TemplateName } from '../domain/communication-policy.ts';
import type { ApprovalName, Policy } from '../domain/policy.ts';
import { ACTION_NAMES } from '../domain/remedy.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { PLACEHOLDERS } from '../domain/template-placeholders.ts';

export const SECTIONS = [
  'approvals',
  'severities',
  'phases',
  'templates',
  'contacts',
  'people',
  'alert-rules',
  'queries',
  'thresholds',
] as const;
export type Section = (typeof SECTIONS)[number];

interface Rows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The part as data, for --json: as it stands in the policy. */
export function policySection(policy: Policy, section: Section): unknown {
  switch (section) {
    case 'approvals':
      return { approvals: policy.approvals, actions: policy.actions, limits: policy.approvalLimits };
    case 'severities':
      return policy.severities;
    case 'phases':
      return policy.phases;
    case 'templates':
      return { templates: policy.communication.templates, placeholders: PLACEHOLDERS };
    case 'contacts':
      return policy.contacts;
    case 'people':
      return policy.people;
    case 'alert-rules':
      return policy.alertRules;
    case 'queries':
      return policy.service.queries;
    case 'thresholds':
      return { classification: policy.classification, diagnosis: policy.diagnosis, verification: policy.verification };
  }
}

/** The part as a table for people. */
export function sectionRows(policy: Policy, section: Section): Rows {
  switch (section) {
    case 'approvals':
      return approvals(policy);
    case 'severities':
      return severities(policy);
    case 'phases':
      return {
        header: ['PHASE', 'FROM MINUTE', 'TO MINUTE'],
        rows: Object.entries(policy.phases).map(([name, { fromMinutes, toMinutes }]) => [
          name,
          String(fromMinutes),
          String(toMinutes),
        ]),
      };
    case 'templates':
      return {
        header: ['TEMPLATE', 'MAY USE', 'TEXT'],
        rows: (Object.keys(policy.communication.templates) as TemplateName[]).map((name) => [
          name,
          PLACEHOLDERS[name].map((one) => `{{ ${one} }}`).join(' '),
          JSON.stringify(policy.communication.templates[name]),
        ]),
      };
    case 'contacts':
      return {
        header: ['CONTACT', 'NAME', 'PAGED THROUGH', 'E-MAIL', 'CHAT GROUP'],
        rows: Object.entries(policy.contacts).map(([id, one]) => [
          id,
          one.name,
          one.pagingService ?? 'never paged',
          one.email ?? '-',
          one.chatGroup ?? '-',
        ]),
      };
    case 'people':
      return {
        header: ['PERSON', 'NAME', 'ROLES', 'TOKEN'],
        rows: policy.people.map((one) => [
          one.id,
          one.name,
          one.roles.join(', '),
          one.tokenSha256 === null ? 'none' : 'set',
        ]),
      };
    case 'alert-rules':
      return {
        header: ['ALERT', 'FOR', 'SEVERITY', 'EXPRESSION'],
        rows: policy.alertRules.map((rule) => [
          rule.alert,
          `${rule.forSeconds} s`,
          rule.labels.severity ?? '-',
          oneLine(rule.expr),
        ]),
      };
    case 'queries':
      return {
        header: ['QUERY', 'PROMQL'],
        rows: Object.entries(policy.service.queries).map(([name, query]) => [name, oneLine(query)]),
      };
    case 'thresholds':
      return { header: ['THRESHOLD', 'VALUE'], rows: thresholds(policy) };
  }
}

/** Who may let an action happen, and how: the table that drills.md promises. */
function approvals(policy: Policy): Rows {
  const isAction = (name: ApprovalName): name is keyof Policy['actions'] =>
    (ACTION_NAMES as readonly string[]).includes(name);
  return {
    header: ['APPROVAL', 'MODE', 'RISK', 'APPROVER', 'TEMPORARY'],
    rows: (Object.keys(policy.approvals) as ApprovalName[]).map((name) => {
      const action = isAction(name) ? policy.actions[name] : null;
      const temporary =
        action === null || !action.temporary
          ? '-'
          : action.leaseMinutes === null
            ? 'yes'
            : `${action.leaseMinutes} min`;
      return [name, policy.approvals[name], action?.risk ?? '-', action?.approver ?? 'commander', temporary];
    }),
  };
}

function severities(policy: Policy): Rows {
  return {
    header: ['SEVERITY', 'LABEL', 'ACKNOWLEDGE IN', 'UPDATE EVERY', 'ESCALATES', 'STATUS PAGE', 'POST-MORTEM', 'MEANS'],
    rows: SEVERITIES.map((severity) => {
      const one = policy.severities[severity];
      const escalations = one.escalations
        .map(({ afterMinutes, to }) => `${afterMinutes} min: ${to.join(', ')}`)
        .join('; ');
      return [
        severity,
        one.label,
        `${one.acknowledgeWithinMinutes} min`,
        `${one.updateEveryMinutes} min`,
        escalations || '-',
        yes(one.audiences.statusPage),
        yes(one.postMortem),
        one.definition,
      ];
    }),
  };
}

function thresholds({ classification, diagnosis, verification }: Policy): Rows['rows'] {
  const { keywords: _, ...numbers } = classification;
  return Object.entries({ ...numbers, ...diagnosis, ...verification }).map(([name, value]) => [name, String(value)]);
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
