import type { FastifyInstance } from 'fastify';
import {
  fingerprintOfPage,
  isSignedByPagerduty,
  type PagerdutyMessage,
  readPagerduty,
} from '../../activities/pagerduty/webhook.ts';
import type { PagerdutyAct } from '../../activities/pagerduty/webhook-acts.ts';
import { mayDecide } from '../../domain/authority.ts';
import { holdsRole } from '../../domain/deciding/roles.ts';
import type { DecisionBodies, DecisionName } from '../../domain/decision.ts';
import { type Actor, type Role, vouchedFor } from '../../domain/people.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { decideAndAnswer } from '../services/decide-and-answer.ts';
import { takeAlert } from '../services/intake.ts';
import { understood } from '../services/requests.ts';

/** PagerDuty tells of alerts (R1.1) and of what people do there with pages: that counts as if they did it here (R1.4). */
export function registerPagerdutyWebhook(app: FastifyInstance, options: GatewayOptions): void {
  app.post('/webhooks/pagerduty', async (request, reply) => {
    const secrets = options.secrets.pagerdutySecrets;
    if (secrets.length === 0) {
      throw new RequestRefused(404, 'PagerDuty’s webhook is not configured here: set PAGERDUTY_WEBHOOK_SECRET.');
    }
    const { bytes, json } = bodyOf(request);
    const header = request.headers['x-pagerduty-signature'];
    if (!isSignedByPagerduty(Array.isArray(header) ? header.join(',') : header, bytes, secrets)) {
      throw new RequestRefused(
        401,
        'The signature does not fit the body. Check that this gateway has the secret of the webhook subscription.',
      );
    }
    const message = understood(() => readPagerduty(json, options.policy(), options.clock()));
    const { ownIncidentId, pagingId } = message;
    // A note there names its page only by this id.
    if (ownIncidentId !== null && pagingId !== null)
      await options.store.incidents.rememberPage(pagingId, ownIncidentId);
    const taken = message.alert === null ? null : await takeAlert(options, message.alert);
    const acting = message.act === null ? null : carryOut(options, message, message.act);
    // With an alert the act only adds who is on it, which is read from PagerDuty too before anybody else is called.
    const acted = await (taken === null ? acting : acting?.catch(() => null));
    const nothing = { incidentId: null, joined: false, repeats: 0, reason: message.nothing };
    return reply.code(202).send(taken ?? acted ?? nothing);
  });
}

interface Acted {
  readonly incidentId: string | null;
  readonly reason: string;
}

async function carryOut(options: GatewayOptions, message: PagerdutyMessage, act: PagerdutyAct): Promise<Acted> {
  const { incidents } = options.store;
  const pagingId = message.pagingId ?? '';
  const incidentId =
    message.ownIncidentId ??
    (await incidents.ofAlert(fingerprintOfPage(pagingId))) ??
    (await incidents.ofPage(pagingId));
  if (incidentId === null || (await incidents.get(incidentId)) === null) {
    return { incidentId: null, reason: 'It belongs to no incident here.' };
  }
  const person = message.agent === null ? null : await options.people.byPagingId(message.agent.id);
  const actor = message.agent === null ? BY_ITSELF : vouchedFor(person, message.agent.name);
  const hands: Hands = { options, eventId: message.eventId, incidentId, actor };
  return { incidentId, reason: await perform(hands, act) };
}

/** What PagerDuty does by a rule or a limit: on the record, and nobody's decision. */
const BY_ITSELF: Actor = { person: 'PagerDuty', roles: ['responder'], via: 'machine' };

interface Hands {
  readonly options: GatewayOptions;
  readonly eventId: string;
  readonly incidentId: string;
  readonly actor: Actor;
}

async function perform(hands: Hands, act: PagerdutyAct): Promise<string> {
  switch (act.does) {
    case 'acknowledge':
      return (await decide(hands, 'acknowledge', {})).words;
    case 'note':
      return note(hands, act.text);
    case 'assign':
      return assign(hands, act.to);
    case 'set-severity': {
      const { to, because } = act;
      return orNote(hands, 'set-severity', { to, because }, `set the priority in PagerDuty: ${because}`);
    }
    case 'resolve':
      return resolve(hands);
    case 'reopen':
      return orNote(hands, 'reopen', { because: 'reopened in PagerDuty' }, 'reopened the page in PagerDuty.');
  }
}

async function assign(hands: Hands, to: readonly { readonly id: string; readonly name: string }[]): Promise<string> {
  const [first] = to;
  if (first === undefined) return note(hands, 'The page was reassigned in PagerDuty.');
  const person = await hands.options.people.byPagingId(first.id);
  if (person === null)
    return note(hands, `The page was reassigned to ${first.name} in PagerDuty, whom the policy does not know.`);
  return (await decide(hands, 'assign', { to: person.id, what: 'the page, reassigned in PagerDuty' })).words;
}

/**
 * Resolving the page is the answer where the incident has asked whether it is resolved, and whoever did it may say so.
 * Otherwise it says that they are on it: nobody else is called, and the incident stays open.
 */
async function resolve(hands: Hands): Promise<string> {
  const { options, incidentId, actor } = hands;
  await decide(hands, 'acknowledge', {});
  const asked = await options.client.state(incidentId);
  const questions = asked.ok ? asked.value.facts.openQuestions : [];
  const question = questions.find(({ name }) => name === 'resolve');
  if (question === undefined || !holdsRole(actor.roles, question.approver as Role)) return note(hands, STAYS_OPEN);
  const body = { approvalId: question.approvalId, option: 'resolve' };
  return orNote(hands, 'approve', body, STAYS_OPEN);
}

const STAYS_OPEN = 'resolved the page in PagerDuty; the incident stays open until it is resolved here.';

/** What the person may not decide, or what is not possible now, is at least on the record. */
async function orNote<N extends DecisionName>(
  hands: Hands,
  name: N,
  body: DecisionBodies[N],
  text: string,
): Promise<string> {
  if (mayDecide(name, hands.actor.roles) !== null) return note(hands, text);
  const decided = await decide(hands, name, body);
  return decided.accepted ? decided.words : note(hands, text);
}

async function note(hands: Hands, text: string): Promise<string> {
  return (await decide(hands, 'note', { text })).words;
}

/** Named by PagerDuty's event, so that a delivery that comes twice is one decision. */
async function decide<N extends DecisionName>(
  { options, eventId, incidentId, actor }: Hands,
  name: N,
  body: DecisionBodies[N],
): Promise<{ readonly accepted: boolean; readonly words: string }> {
  const decided = await decideAndAnswer(options, { id: `pagerduty:${eventId}/${name}`, incidentId, name, actor, body });
  // Not taken, so PagerDuty has to send it again; everything else is an answer.
  if (decided.outcome === 'unavailable') throw new RequestRefused(503, decided.words);
  return decided.outcome === 'accepted'
    ? { accepted: true, words: decided.answer.effect }
    : { accepted: false, words: decided.words };
}
