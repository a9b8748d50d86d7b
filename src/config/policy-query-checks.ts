import type { Policy } from '../domain/policy.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { errorAt, type PathProblem, warningAt } from './policy-problems.ts';

/** Queries that no monitoring system could answer. */
export function queryChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  for (const [name, query] of Object.entries(policy.service.queries)) {
    const trouble = queryTrouble(query);
    if (trouble !== null) found.push(errorAt(['service', 'queries', name], `service.queries.${name} ${trouble}`));
  }
  const failed = policy.service.queries.failedRequests;
  if (failed.trim() !== '' && !failed.includes('$range')) {
    found.push(
      errorAt(
        ['service', 'queries', 'failedRequests'],
        'service.queries.failedRequests must contain $range, which is replaced by the length of the incident',
      ),
    );
  }
  return found;
}

/** Alert rules that say nothing or cannot be joined to an incident (R1.9). */
export function alertRuleChecks(policy: Policy): readonly PathProblem[] {
  const found: PathProblem[] = [];
  const seen = new Set<string>();
  for (const [index, rule] of policy.alertRules.entries()) {
    const trouble = queryTrouble(rule.expr);
    if (trouble !== null)
      found.push(errorAt(['alertRules', index, 'expr'], `the expression of ${rule.alert} ${trouble}`));
    if (seen.has(rule.alert))
      found.push(errorAt(['alertRules', index, 'alert'], `there is another alert named ${rule.alert}`));
    seen.add(rule.alert);
    const severity = rule.labels.severity;
    if (severity !== undefined && !(SEVERITIES as readonly string[]).includes(severity)) {
      found.push(
        errorAt(
          ['alertRules', index, 'labels', 'severity'],
          `the severity of ${rule.alert} must be one of ${SEVERITIES.join(', ')}`,
        ),
      );
    }
    for (const label of policy.intake.correlateBy) {
      if (rule.labels[label] === undefined)
        found.push(
          warningAt(
            ['alertRules', index, 'labels'],
            `${rule.alert} has no label "${label}", by which alerts are joined to incidents`,
          ),
        );
    }
  }
  return found;
}

/** Prometheus itself is asked by `incident doctor`; here only what no server could answer. */
function queryTrouble(query: string): string | null {
  if (query.trim() === '') return 'is empty: write a PromQL expression';
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '');
  for (const character of bare) {
    if ('([{'.includes(character)) open.push(character);
    else if (pairs[character] !== undefined && open.pop() !== pairs[character])
      return `has a "${character}" that closes nothing`;
    else if (character === '"' || character === "'") return 'has a quote that is never closed';
  }
  return open.length > 0 ? `has a "${open.at(-1)}" that is never closed` : null;
}
