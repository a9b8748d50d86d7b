import type { TemplateName } from '../domain/communication-policy.ts';
import type { Policy } from '../domain/policy.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { PLACEHOLDERS } from '../domain/template-placeholders.ts';
import { templateProblems } from './liquid.ts';
import { peopleChecks } from './policy-people-checks.ts';
import { closestOf, errorAt, type PathProblem, warningAt } from './policy-problems.ts';
import { alertRuleChecks, queryChecks } from './policy-query-checks.ts';

/** What a schema cannot see: values that contradict each other, names that lead nowhere, queries that ask nothing. */
export function policyChecks(policy: Policy): readonly PathProblem[] {
  return [
    ...thresholdChecks(policy),
    ...severityChecks(policy),
    ...phaseChecks(policy),
    ...serviceChecks(policy),
    ...queryChecks(policy),
    ...alertRuleChecks(policy),
    ...intakeChecks(policy),
    ...actionChecks(policy),
    ...templateChecks(policy),
    ...calendarChecks(policy),
    ...peopleChecks(policy),
  ];
}

function thresholdChecks(policy: Policy): readonly PathProblem[] {
  const { classification: c, verification: v } = policy;
  const found: PathProblem[] = [];
  const inOrder = (path: string, higher: number, lower: number, than: string) => {
    if (higher <= lower)
      found.push(
        errorAt(
          ['classification', path],
          `classification.${path} must be more than ${than} (${higher} is not more than ${lower}): otherwise the lower severity is never reached`,
        ),
      );
  };
  inOrder('usersAffectedP0Above', c.usersAffectedP0Above, c.usersAffectedP1Above, 'usersAffectedP1Above');
  inOrder('errorRatioP1Above', c.errorRatioP1Above, c.errorRatioP2From, 'errorRatioP2From');
  inOrder('p95SecondsP1Above', c.p95SecondsP1Above, c.p95SecondsP2From, 'p95SecondsP2From');
  if (v.errorRatioBelow > c.errorRatioP1Above) {
    found.push(
      warningAt(
        ['verification', 'errorRatioBelow'],
        'verification.errorRatioBelow is above classification.errorRatioP1Above: an incident would count as mitigated while it is still P1',
      ),
    );
  }
  if (v.pollSeconds > v.withinMinutes * 60) {
    found.push(
      errorAt(
        ['verification', 'pollSeconds'],
        'verification.pollSeconds is longer than verification.withinMinutes: nothing would be looked at in time',
      ),
    );
  }
  return found;
}

function severityChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  for (const [index, severity] of SEVERITIES.entries()) {
    const own = policy.severities[severity];
    const next = SEVERITIES[index + 1];
    if (next !== undefined) {
      const below = policy.severities[next];
      for (const field of ['acknowledgeWithinMinutes', 'updateEveryMinutes'] as const) {
        if (own[field] > below[field])
          found.push(
            errorAt(
              ['severities', severity, field],
              `severities.${severity}.${field} (${own[field]}) must not be more than that of ${next} (${below[field]})`,
            ),
          );
      }
    }
    for (const list of ['escalations', 'paging'] as const) {
      for (let step = 1; step < own[list].length; step += 1) {
        if ((own[list][step]?.afterMinutes ?? 0) <= (own[list][step - 1]?.afterMinutes ?? 0)) {
          found.push(
            errorAt(
              ['severities', severity, list, step, 'afterMinutes'],
              `severities.${severity}.${list} must be in order of time: step ${step + 1} is not after step ${step}`,
            ),
          );
        }
      }
    }
    const first = own.paging[0];
    if (first && first.afterMinutes !== 0)
      found.push(
        errorAt(
          ['severities', severity, 'paging', 0, 'afterMinutes'],
          `severities.${severity}.paging must begin at 0: the first page goes out at once`,
        ),
      );
    if (policy.communication.remindBeforeMinutes >= own.updateEveryMinutes) {
      found.push(
        errorAt(
          ['communication', 'remindBeforeMinutes'],
          `communication.remindBeforeMinutes must be less than severities.${severity}.updateEveryMinutes (${own.updateEveryMinutes}): the reminder would be due before the update before it`,
        ),
      );
    }
  }
  return found;
}

function phaseChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  let before: [string, number] | null = null;
  for (const [name, phase] of Object.entries(policy.phases)) {
    if (phase.toMinutes <= phase.fromMinutes)
      found.push(
        errorAt(
          ['phases', name, 'toMinutes'],
          `phases.${name}.toMinutes must be more than its fromMinutes (${phase.fromMinutes})`,
        ),
      );
    if (before !== null && phase.fromMinutes < before[1])
      found.push(
        errorAt(
          ['phases', name, 'fromMinutes'],
          `phases.${name} must not begin before ${before[0]} begins (${before[1]})`,
        ),
      );
    before = [name, phase.fromMinutes];
  }
  return found;
}

function serviceChecks(policy: Policy): readonly PathProblem[] {
  const { database, providers, adminApi } = policy.service;
  const found: PathProblem[] = [];
  if (database && database.exhaustedAbove > database.poolLimit) {
    found.push(
      errorAt(
        ['service', 'database', 'exhaustedAbove'],
        `service.database.exhaustedAbove (${database.exhaustedAbove}) must not be more than poolLimit (${database.poolLimit})`,
      ),
    );
  }
  const names = providers.map((provider) => provider.name);
  for (const [index, provider] of providers.entries()) {
    const path = ['service', 'providers', index, 'fallback'] as const;
    if (provider.fallback === provider.name)
      found.push(errorAt(path, `provider ${provider.name} cannot be its own fallback`));
    else if (provider.fallback !== null && !names.includes(provider.fallback))
      found.push(errorAt(path, `there is no provider "${provider.fallback}"${meant(provider.fallback, names)}`));
  }
  if (providers.length > 0 && adminApi === null) {
    found.push(
      warningAt(
        ['service', 'adminApi'],
        'service.adminApi is empty: no circuit breaker can be opened and no provider failed over',
      ),
    );
  }
  return found;
}

function intakeChecks(policy: Policy): readonly PathProblem[] {
  const cycle = cycleIn(policy.intake.dependsOn);
  return cycle === null
    ? []
    : [
        errorAt(
          ['intake', 'dependsOn', cycle[0] ?? ''],
          `intake.dependsOn goes round in a circle: ${cycle.join(' → ')}`,
        ),
      ];
}

function cycleIn(graph: Readonly<Record<string, readonly string[]>>): readonly string[] | null {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | null => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return null;
    for (const next of Object.hasOwn(graph, node) ? (graph[node] ?? []) : []) {
      const cycle = walk(next, [...path, node]);
      if (cycle !== null) return cycle;
    }
    done.add(node);
    return null;
  };
  for (const node of Object.keys(graph)) {
    const cycle = walk(node, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

function actionChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  for (const [name, action] of Object.entries(policy.actions)) {
    if (action.temporary && action.leaseMinutes === null)
      found.push(
        errorAt(
          ['actions', name, 'leaseMinutes'],
          `actions.${name} is temporary, so leaseMinutes must say for how long`,
        ),
      );
    if (!action.temporary && action.leaseMinutes !== null)
      found.push(
        errorAt(['actions', name, 'leaseMinutes'], `actions.${name} is not temporary, so leaseMinutes must be null`),
      );
  }
  const { expireMinutes, remindBeforeMinutes } = policy.approvalLimits;
  if (remindBeforeMinutes >= expireMinutes) {
    found.push(
      errorAt(
        ['approvalLimits', 'remindBeforeMinutes'],
        `approvalLimits.remindBeforeMinutes must be less than expireMinutes (${expireMinutes})`,
      ),
    );
  }
  return found;
}

function templateChecks(policy: Policy): readonly PathProblem[] {
  return (Object.entries(policy.communication.templates) as [TemplateName, string][]).flatMap(([name, template]) =>
    templateProblems(name, template).map(({ message, unknown, line }) =>
      errorAt(
        ['communication', 'templates', name],
        `communication.templates.${name} ${message}${unknown === null ? '' : meant(unknown, PLACEHOLDERS[name])}${line === null || line === 1 ? '' : ` (line ${line} of the text)`}`,
      ),
    ),
  );
}

function calendarChecks(policy: Policy): readonly PathProblem[] {
  const { team, maintenanceWindow: window, review } = policy;
  const found: PathProblem[] = [];
  if (!isTimeZone(team.timeZone))
    found.push(
      errorAt(
        ['team', 'timeZone'],
        `team.timeZone: there is no time zone "${team.timeZone}"; write one such as Europe/Berlin`,
      ),
    );
  if (!isTimeZone(window.timeZone))
    found.push(
      errorAt(
        ['maintenanceWindow', 'timeZone'],
        `maintenanceWindow.timeZone: there is no time zone "${window.timeZone}"; write one such as Europe/Berlin`,
      ),
    );
  if (window.from === window.to)
    found.push(
      errorAt(
        ['maintenanceWindow', 'to'],
        'maintenanceWindow.to must differ from its beginning: the window has no length',
      ),
    );
  if (team.workingHours.from >= team.workingHours.to)
    found.push(errorAt(['team', 'workingHours', 'to'], 'team.workingHours.to must be after its from'));
  const agenda = review.agenda.reduce((sum, item) => sum + item.minutes, 0);
  if (agenda > review.meetingMinutes)
    found.push(
      errorAt(['review', 'agenda'], `the agenda takes ${agenda} minutes, the meeting only ${review.meetingMinutes}`),
    );
  return found;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function meant(name: string, known: readonly string[]): string {
  const close = closestOf(name, known);
  return close === null ? '' : `; did you mean "${close}"?`;
}
