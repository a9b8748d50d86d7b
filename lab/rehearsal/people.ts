import { createHash } from 'node:crypto';
import type { Field } from '../../src/domain/deciding/declare.ts';
import { holdsRole } from '../../src/domain/deciding/roles.ts';
import { declarationOf } from '../../src/domain/decision.ts';
import { epochMs, instant, plusSeconds } from '../../src/domain/instant.ts';
import type { Contact, Role } from '../../src/domain/people.ts';
import type { Approval, TimelineKind } from '../../src/domain/timeline.ts';
import type { Participant } from './conductor.ts';
import type { ActName, Drill, PlannedAct, PlannedPerson } from './drill.ts';
import { durationMs } from './schema-parts.ts';
import type { TrackedWorkflow } from './workflow-tracker.ts';

/** One page as PagerDuty's own ledger tells it. */
export interface PageSeen {
  readonly atMs: number;
  readonly incidentId: string;
  readonly pagerdutyId: string;
  readonly contacts: readonly Contact[];
}

export interface PeopleOptions {
  readonly drill: Drill;
  readonly incidents: () => readonly TrackedWorkflow[];
  /** Phones that rang, oldest first. */
  readonly pages: () => readonly PageSeen[];
  /** Acknowledges in PagerDuty, as a tap on the phone does. */
  readonly acknowledgeInPagerduty: (page: PageSeen, person: PlannedPerson) => Promise<void>;
  readonly decide: (decision: PersonDecision) => Promise<DecisionReply>;
}

export interface PersonDecision {
  readonly id: string;
  readonly who: string;
  readonly via: string;
  readonly incidentId: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface DecisionReply {
  readonly accepted: boolean;
  readonly words: string;
}

/** What a person did, or tried, for the report. */
export interface PersonDid {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly incidentId: string;
  readonly accepted: boolean;
  readonly words: string;
}

interface Due {
  readonly key: string;
  readonly atMs: number;
  /** Resolves to what was done; null: not possible yet, to be tried again at the next instant. */
  readonly run: () => Promise<PersonDid | null>;
}

/** The drill's people: they react to pages and questions after their time, and do what the drill says when it says. */
export class People implements Participant {
  readonly did: PersonDid[] = [];
  readonly #done = new Set<string>();

  constructor(private readonly options: PeopleOptions) {}

  nextActAtMs(nowMs: number): number | null {
    const later = this.#due().filter((due) => due.atMs > nowMs);
    return later.length === 0 ? null : Math.min(...later.map((due) => due.atMs));
  }

  /** One act at a time: what comes of it may change what the next person does. */
  async act(nowMs: number): Promise<boolean> {
    const ready = this.#due().filter((due) => due.atMs <= nowMs);
    for (const due of ready.sort((a, b) => a.atMs - b.atMs || a.key.localeCompare(b.key))) {
      const did = await due.run();
      if (did === null) continue;
      this.#done.add(due.key);
      this.did.push({ ...did, atMs: nowMs });
      return true;
    }
    return false;
  }

  /** Acts of the drill that found nothing to act on, in words. */
  undone(): readonly string[] {
    const { drill } = this.options;
    return drill.acts
      .filter((_act, index) => !this.#done.has(`act/${index}`))
      .map((act) => `${act.who} could not ${act.does} ${act.parameters['what'] ?? ''}`.trim());
  }

  #due(): readonly Due[] {
    return [...this.#acknowledgements(), ...this.#approvals(), ...this.#acts()].filter(
      (due) => !this.#done.has(due.key),
    );
  }

  #acknowledgements(): readonly Due[] {
    const { drill } = this.options;
    return drill.people.flatMap((person) => {
      const wanted = person.acknowledges;
      if (wanted === null) return [];
      const mine = this.options
        .pages()
        .filter((page) => page.contacts.some((contact) => person.contacts.includes(contact)));
      const first = new Map(mine.toReversed().map((page) => [page.incidentId, page]));
      return [...first.values()].map(
        (page): Due => ({
          key: `acknowledge/${person.id}/${page.incidentId}`,
          atMs: page.atMs + wanted.afterMs,
          run: () => this.#acknowledge(person, page, wanted.via),
        }),
      );
    });
  }

  async #acknowledge(person: PlannedPerson, page: PageSeen, via: string): Promise<PersonDid> {
    if (via !== 'pagerduty') return this.#decide(person.id, via, page.incidentId, 'acknowledge', {}, 'acknowledge');
    await this.options.acknowledgeInPagerduty(page, person);
    return {
      atMs: 0,
      who: person.id,
      what: 'acknowledge',
      incidentId: page.incidentId,
      accepted: true,
      words: 'acknowledged in PagerDuty',
    };
  }

  #approvals(): readonly Due[] {
    const { drill } = this.options;
    return this.options.incidents().flatMap((incident) =>
      openQuestions(incident).flatMap((approval) =>
        drill.people.flatMap((person) =>
          person.approves.flatMap((rule): readonly Due[] => {
            const option = choice(approval, rule.what);
            if (option === null || !holdsRole(person.roles, approval.approver as Role)) return [];
            const run = () =>
              this.#decide(
                person.id,
                rule.via,
                incident.workflowId,
                'approve',
                { approvalId: approval.id, option },
                `approve ${option}`,
              );
            return [
              {
                key: `approve/${person.id}/${incident.workflowId}/${approval.id}`,
                atMs: epochMs(approval.requestedAt) + rule.afterMs,
                run,
              },
            ];
          }),
        ),
      ),
    );
  }

  #acts(): readonly Due[] {
    const { drill } = this.options;
    return drill.acts.map((act, index) => ({
      key: `act/${index}`,
      atMs: drill.startAtMs + act.atMs,
      run: () => this.#perform(act),
    }));
  }

  async #perform(act: PlannedAct): Promise<PersonDid | null> {
    const incident = this.#incidentOf(act);
    const body = incident === null ? null : bodyOf(act, incident, this.options);
    if (incident === null || body === null) return null;
    return this.#decide(
      act.who,
      act.via,
      incident.workflowId,
      act.does,
      body,
      `${act.does} ${act.parameters['what'] ?? act.parameters['to'] ?? ''}`.trim(),
    );
  }

  #incidentOf(act: PlannedAct): TrackedWorkflow | null {
    const all = this.options.incidents();
    if (act.incident !== null) return all[act.incident - 1] ?? null;
    return all.filter((incident) => incident.running).at(-1) ?? null;
  }

  async #decide(
    who: string,
    via: string,
    incidentId: string,
    name: string,
    body: Readonly<Record<string, unknown>>,
    what: string,
  ): Promise<PersonDid> {
    const id = createHash('sha256')
      .update([who, incidentId, name, JSON.stringify(body), this.did.length].join('/'))
      .digest('hex')
      .slice(0, 32);
    const reply = await this.options.decide({ id, who, via, incidentId, name, body });
    return { atMs: 0, who, what, incidentId, ...reply };
  }
}

/** Questions that wait for an answer, oldest first, as the incident's own timeline has them. */
export function openQuestions(incident: TrackedWorkflow): readonly Approval[] {
  const open = new Map<string, Approval>();
  for (const event of incident.timeline) {
    if (event.kind === 'approval-requested') open.set(event.approval.id, event.approval);
    if (event.kind === 'approval-granted' || event.kind === 'approval-rejected' || event.kind === 'approval-withdrawn')
      open.delete(event.approvalId);
    if (event.kind === 'closed') open.clear();
  }
  return [...open.values()].filter((approval) => approval.mode !== 'automatic');
}

/** The option a person picks: the proposed one when their pattern covers it, otherwise one that they name. */
function choice(approval: Approval, what: readonly string[]): string | null {
  const names = approval.options.map((option) => option.name);
  return names.find((name) => what.some((pattern) => matches(pattern, name))) ?? null;
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(name);
}

const SAID = 'as the drill says';

/** What has to have happened before it makes sense to say so. */
const WAITS_FOR: Readonly<Partial<Record<ActName, TimelineKind>>> = {
  'test-mail': 'customer-mail-prepared',
  'approve-post-mortem': 'post-mortem-written',
  reopen: 'resolved',
};

/** The body of the decision; null when there is nothing yet that it could be about. */
function bodyOf(
  act: PlannedAct,
  incident: TrackedWorkflow,
  options: PeopleOptions,
): Readonly<Record<string, unknown>> | null {
  const awaited = WAITS_FOR[act.does];
  if (awaited !== undefined && !incident.timeline.some(({ kind }) => kind === awaited)) return null;
  if (act.does === 'approve-post-mortem') return {};
  const body: Record<string, unknown> = {};
  let option: string | null = null;
  for (const [name, field] of Object.entries(declarationOf(act.does).fields)) {
    if (field.kind === 'draft') continue;
    if (field.kind === 'question' && field.alsoNamed === undefined) {
      const answered = answerTo(act, incident);
      if (answered === null) return null;
      body[name] = answered.approvalId;
      option = answered.option;
      continue;
    }
    const value = field.kind === 'option' ? option : whatIsSaid(name, field, act, incident, options);
    if (value === null && field.optional !== true) return null;
    body[name] = value;
  }
  return body;
}

const UNSAID_MINUTES = 30;

function whatIsSaid(
  name: string,
  { kind, optional }: Field,
  act: PlannedAct,
  incident: TrackedWorkflow,
  options: PeopleOptions,
): unknown {
  const said = act.parameters[name] ?? null;
  switch (kind) {
    case 'because':
      return said ?? SAID;
    case 'minutes':
      return minutes(act.parameters['for'] as string | undefined) ?? (optional === true ? null : UNSAID_MINUTES);
    case 'instant':
      return expectedRecoveryAt(act, options.drill);
    case 'incident':
      return typeof said === 'string' ? said : (options.incidents()[Number(said) - 1]?.workflowId ?? null);
    case 'lease':
      return leaseOf(act, incident);
    case 'text':
    case 'lines':
    case 'person':
    case 'severity':
    case 'question':
    case 'option':
    case 'draft':
      return said;
  }
}

function answerTo(
  act: PlannedAct,
  incident: TrackedWorkflow,
): { readonly approvalId: string; readonly option: string } | null {
  const what = act.parameters['what'] as string | undefined;
  for (const approval of openQuestions(incident)) {
    const option = choice(approval, [what ?? '*']);
    if (option !== null) return { approvalId: approval.id, option };
  }
  return null;
}

function leaseOf(act: PlannedAct, incident: TrackedWorkflow): string | null {
  const settled = new Set(
    incident.timeline.flatMap((event) => (event.kind === 'lease-settled' ? [event.leaseId] : [])),
  );
  const open = incident.timeline.flatMap((event) =>
    event.kind === 'lease-opened' && !settled.has(event.lease.id) ? [event.lease] : [],
  );
  const what = act.parameters['what'] as string | undefined;
  return open.find((one) => what === undefined || one.plan.action === what || one.id === what)?.id ?? null;
}

function expectedRecoveryAt(act: PlannedAct, drill: Drill): string | null {
  const after = minutes(act.parameters['expectedRecovery'] as string | undefined);
  return after === null ? null : plusSeconds(instant(drill.startAtMs + act.atMs), after * 60);
}

function minutes(written: string | undefined): number | null {
  return written === undefined ? null : durationMs(written) / 60_000;
}
