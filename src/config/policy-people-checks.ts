import type { Contact } from '../domain/people.ts';
import type { ApprovalName, Policy } from '../domain/policy.ts';
import type { ActionName } from '../domain/remedy.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { errorAt, type PathProblem, warningAt } from './policy-problems.ts';

/** Can those whom the policy wants to reach be reached, and is there somebody to say yes? (R0.8, R3.6) */
export function peopleChecks(policy: Policy): readonly PathProblem[] {
  return [...reachChecks(policy), ...identityChecks(policy), ...approverChecks(policy), ...attendeeChecks(policy)];
}

function reachChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  const paged = new Set<Contact>();
  for (const severity of SEVERITIES) {
    for (const [step, escalation] of policy.severities[severity].escalations.entries()) {
      for (const contact of escalation.to) {
        if (policy.contacts[contact].email === null)
          found.push(
            errorAt(
              ['severities', severity, 'escalations', step, 'to'],
              `${contact} is to be told by mail but has no address in contacts.${contact}.email`,
            ),
          );
      }
    }
    for (const [step, paging] of policy.severities[severity].paging.entries()) {
      for (const contact of paging.to) {
        paged.add(contact);
        if (policy.contacts[contact].pagingService === null)
          found.push(
            errorAt(
              ['severities', severity, 'paging', step, 'to'],
              `${contact} is to be paged but has no contacts.${contact}.pagingService`,
            ),
          );
      }
    }
  }
  for (const contact of paged) {
    if (!policy.people.some((person) => person.contacts.includes(contact))) {
      found.push(warningAt(['contacts', contact], `nobody in people is ${contact}, who is to be paged`));
    }
  }
  return found;
}

function identityChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  for (const field of ['id', 'email', 'chatId', 'pagingId', 'tokenSha256'] as const) {
    const seen = new Map<string, string>();
    for (const [index, person] of policy.people.entries()) {
      const value = person[field];
      if (value === null) continue;
      const other = seen.get(value);
      if (other !== undefined)
        found.push(
          errorAt(
            ['people', index, field],
            `${person.id} and ${other} have the same ${field}: nobody could tell whose decision it was`,
          ),
        );
      seen.set(value, person.id);
    }
  }
  return found;
}

function approverChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  for (const [name, action] of Object.entries(policy.actions) as [ActionName, Policy['actions'][ActionName]][]) {
    if (policy.approvals[name] === 'automatic') continue;
    if (!holds(policy, action.approver))
      found.push(
        warningAt(
          ['actions', name, 'approver'],
          `nobody in people has the role ${action.approver}, so nobody can approve ${name}`,
        ),
      );
  }
  const others: readonly ApprovalName[] = ['publish-status', 'publish-email', 'resolve'];
  for (const name of others) {
    if (policy.approvals[name] !== 'automatic' && !holds(policy, 'commander') && !holds(policy, 'approver')) {
      found.push(
        warningAt(['approvals', name], `nobody in people is commander or approver, so nobody can approve ${name}`),
      );
    }
  }
  return found;
}

function attendeeChecks(policy: Policy): readonly PathProblem[] {
  return policy.review.attendees.flatMap((contact, index) =>
    policy.contacts[contact].email === null
      ? [
          errorAt(
            ['review', 'attendees', index],
            `${contact} is to be invited but has no address in contacts.${contact}.email`,
          ),
        ]
      : [],
  );
}

function holds(policy: Policy, role: Policy['people'][number]['roles'][number]): boolean {
  return policy.people.some((person) => person.roles.includes(role));
}
