import { bounded } from '../../domain/intake/bounds.ts';
import { claimedSeverity } from '../../domain/intake/claimed-severity.ts';
import type { Severity } from '../../domain/severity.ts';
import type { PagerdutyEvent } from './webhook-event.ts';

/** What somebody did in PagerDuty to a page of ours, or to the PagerDuty incident that an alert of ours came from. */
export type PagerdutyAct =
  | { readonly does: 'acknowledge' }
  | { readonly does: 'note'; readonly text: string }
  /** `to`: users of PagerDuty. */
  | { readonly does: 'assign'; readonly to: readonly { readonly id: string; readonly name: string }[] }
  | { readonly does: 'set-severity'; readonly to: Severity; readonly because: string }
  | { readonly does: 'resolve' }
  | { readonly does: 'reopen' };

export interface Agent {
  readonly id: string;
  readonly name: string;
}

/** Only a user decides; an integration, a rule or a limit that ran out does not, but may be worth a line. */
export function agentOf({ agent }: PagerdutyEvent): Agent | null {
  if (!agent || !/^user/.test(agent.type ?? 'user_reference')) return null;
  return { id: agent.id, name: bounded(agent.summary ?? agent.id, 100) };
}

/** Null when the event is none for an incident here. */
export function actOf(event: PagerdutyEvent, isOwnPage: boolean): PagerdutyAct | null {
  const byUser = agentOf(event) !== null;
  switch (event.event_type) {
    case 'incident.acknowledged':
      // The acknowledgement that we send ourselves comes back as the act of a service.
      return byUser ? { does: 'acknowledge' } : null;
    case 'incident.unacknowledged':
      return {
        does: 'note',
        text: byUser
          ? 'took the acknowledgement back in PagerDuty; PagerDuty calls again.'
          : 'The acknowledgement in PagerDuty ran out; PagerDuty calls again.',
      };
    case 'incident.resolved':
      if (!byUser) return null;
      return isOwnPage ? { does: 'resolve' } : { does: 'acknowledge' };
    case 'incident.reopened':
      return byUser && isOwnPage ? { does: 'reopen' } : null;
    case 'incident.reassigned':
      return { does: 'assign', to: usersOf(event) };
    case 'incident.escalated':
      return { does: 'note', text: `PagerDuty escalated it and calls ${namesOf(event)} now.` };
    case 'incident.delegated':
      return {
        does: 'note',
        text: `It was handed to another escalation policy in PagerDuty; it calls ${namesOf(event)} now.`,
      };
    case 'incident.annotated':
      return noted(event);
    case 'incident.priority_updated':
      return byUser ? prioritised(event) : null;
    default:
      return null;
  }
}

const NOTE_CHARACTERS = 900;
/** A note that we wrote ends with its key (src/activities/pagerduty/rest.ts). */
const OUR_MARK = /\[incident-\d{8}-\d{4}[^\]]*\]\s*$/;

function noted({ data }: PagerdutyEvent): PagerdutyAct | null {
  const content = (data?.content ?? '').trim();
  if (content === '' || OUR_MARK.test(content)) return null;
  return { does: 'note', text: `${bounded(content, NOTE_CHARACTERS)} (a note in PagerDuty)` };
}

function prioritised({ data }: PagerdutyEvent): PagerdutyAct {
  const word = bounded(data?.priority?.summary ?? 'none', 60);
  const to = claimedSeverity(data?.priority?.summary ?? null);
  if (to === null)
    return { does: 'note', text: `set the priority to ${word} in PagerDuty, which names no severity here.` };
  return { does: 'set-severity', to, because: `the priority in PagerDuty is ${word}` };
}

function usersOf({ data }: PagerdutyEvent): readonly { readonly id: string; readonly name: string }[] {
  return (data?.assignees ?? []).slice(0, 5).map(({ id, summary }) => ({ id, name: bounded(summary ?? id, 100) }));
}

function namesOf(event: PagerdutyEvent): string {
  const names = usersOf(event).map(({ name }) => name);
  return names.length === 0 ? 'whoever is next' : names.join(' and ');
}
