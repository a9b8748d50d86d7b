import { percent } from '../../domain/format.ts';
import type { ApprovalMode, Policy } from '../../domain/policy.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { counted, durationWords } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';

const MODES: Readonly<Record<ApprovalMode, string>> = {
  automatic: 'goes ahead by itself',
  objection: 'goes ahead unless somebody objects',
  ask: 'awaits approval',
};

/** The team's own numbers as sentences and tables. Only named fields are shown: no token, routing key or query. */
export function policyBody(policy: Policy): Markup {
  const { team, approvalLimits: limits } = policy;
  return html`<h1>Policy of ${team.name}</h1>
<p class="hint">${team.product}; clocks of ${team.timeZone}, working hours ${team.workingHours.from} to ${team.workingHours.to}. Changed in the policy file, never here.</p>
${table(
  'Severities',
  ['Severity', 'Means', 'Acknowledge', 'Update every', 'Told when it stays open'],
  SEVERITIES.map((severity) => {
    const one = policy.severities[severity];
    return [
      `${severity} (${one.label})`,
      one.definition,
      inMinutes(one.acknowledgeWithinMinutes),
      inMinutes(one.updateEveryMinutes),
      one.escalations
        .map(
          ({ afterMinutes, to }) =>
            `${afterMinutes === 0 ? 'at once' : `after ${inMinutes(afterMinutes)}`}: ${to.join(', ')}`,
        )
        .join('; ') || 'nobody',
    ];
  }),
)}
${table('Approvals', ['What', 'How', 'Risk', 'Who says yes', 'Temporary'], approvalRows(policy))}
<p class="hint">An objection has ${limits.objectionSeconds} s. A question is repeated ${limits.remindBeforeMinutes} minutes before its ${limits.expireMinutes} minutes are over; its evidence may be ${limits.evidenceMaximumAgeMinutes} minutes old.</p>
${table('Thresholds', ['Of', 'Above', 'Makes it'], thresholdRows(policy))}
<p class="hint">Mitigated once fewer than ${percent(policy.verification.errorRatioBelow)} of requests fail and p95 is below ${policy.verification.p95SecondsBelow} s for ${counted(policy.verification.holdMinutes, 'minute')}.</p>
${table(
  'Contacts',
  ['Contact', 'Who', 'Mail', 'In chat', 'Paged'],
  Object.entries(policy.contacts).map(([name, one]) => [
    name,
    one.name,
    one.email ?? 'none',
    one.chatGroup === null ? 'none' : `@${one.chatGroup}`,
    one.pagingService === null ? 'no' : 'yes',
  ]),
)}
${table(
  'People',
  ['Person', 'Roles', 'Stands for'],
  policy.people.map(({ name, roles, contacts }) => [name, roles.join(', '), contacts.join(', ') || 'nobody else']),
)}`;
}

function inMinutes(minutes: number): string {
  return durationWords(minutes * 60);
}

function approvalRows({ approvals, actions }: Policy): readonly (readonly string[])[] {
  return Object.entries(approvals).map(([name, mode]) => {
    const action = name in actions ? actions[name as keyof typeof actions] : null;
    const lease = action?.leaseMinutes;
    return [
      name,
      MODES[mode],
      action?.risk ?? '',
      action?.approver ?? '',
      action?.temporary ? (lease == null ? 'yes' : inMinutes(lease)) : '',
    ];
  });
}

function thresholdRows({ classification: at }: Policy): readonly (readonly string[])[] {
  return [
    ['users affected', percent(at.usersAffectedP0Above), 'P0'],
    ['users affected', percent(at.usersAffectedP1Above), 'P1'],
    ['requests that fail', percent(at.errorRatioP1Above), 'P1'],
    ['requests that fail', `from ${percent(at.errorRatioP2From)}`, 'P2'],
    ['p95', `${at.p95SecondsP1Above} s`, 'P1'],
    ['p95', `from ${at.p95SecondsP2From} s`, 'P2'],
  ];
}

export function table(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Markup)[])[],
): Markup {
  return html`<section class="card"><h2>${title}</h2><div class="wide" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell, index) => html`<td data-column="${columns[index + 1]}">${cell}</td>`)}</tr>`)}</tbody>
</table></div></section>`;
}
