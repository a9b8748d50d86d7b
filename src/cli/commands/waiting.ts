import { holdsRole } from '../../domain/deciding/roles.ts';
import type { Role } from '../../domain/people.ts';
import { cleanLine } from '../../views/escape.ts';
import { statusWords } from '../../views/words.ts';
import { listIncidents, readMe, shortName } from '../incidents.ts';
import { questionLines } from '../screen.ts';
import type { Session } from '../session.ts';
import { nowOf } from './incidents.ts';

/** `incident` alone: what waits for me, over all open incidents; answerable by my roles first. */
export async function waiting(session: Session): Promise<void> {
  const { gateway, io, json } = session;
  const [me, open] = await Promise.all([readMe(gateway), listIncidents(gateway, 'open')]);
  const rows = open.map(({ incident, facts }) => {
    const questions = facts?.openQuestions ?? [];
    const mine = questions.filter(({ approver }) => holdsRole(me.roles, approver as Role));
    return { incident, facts, mine, others: questions.length - mine.length };
  });
  if (json) {
    const incidents = rows.map(({ incident, facts, mine, others }) => ({
      id: incident.id,
      title: incident.title,
      severity: facts?.severity ?? null,
      acknowledged: facts?.acknowledgedAt != null,
      openQuestions: mine,
      othersQuestions: others,
    }));
    return io.out(JSON.stringify({ me: { id: me.id, name: me.name, roles: me.roles }, incidents }));
  }
  if (rows.length === 0)
    return io.out(`No incident is open, ${cleanLine(me.name, 80)}. (incident --help says what you can do.)`);
  const ids = open.map(({ incident }) => incident.id);
  for (const { incident, facts, mine, others } of rows) {
    const short = shortName(incident.id, ids);
    const now = nowOf(session, { incident, facts });
    io.out(
      `${io.colours.bold(`${facts?.severity ?? '--'} ${cleanLine(incident.title)}`)}  ${io.colours.dim(incident.id)}  ${facts === null ? incident.status : `${statusWords(facts.status)}, led by ${cleanLine(facts.commander ?? 'nobody yet', 60)}`}`,
    );
    if (facts !== null && facts.acknowledgedAt === null && facts.resolvedAt === null)
      io.out(`  who takes it?  ${io.colours.cyan(`incident acknowledge ${short}`)}`);
    for (const question of mine)
      for (const row of questionLines(question, 0, short, now, io.colours)) io.out(`  ${row}`);
    if (others > 0)
      io.out(`  ${others} question${others === 1 ? ' waits' : 's wait'} for others: incident show ${short}`);
    if (mine.length === 0 && others === 0) io.out('  nothing waits for an answer');
  }
}
