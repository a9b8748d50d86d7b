import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import { clockTimeUtc } from '../../src/domain/instant.ts';
import { cleanLine } from '../../src/views/escape.ts';
import { statusWords } from '../../src/views/words.ts';

interface Listed {
  readonly incident: { readonly id: string; readonly title: string };
  readonly facts: IncidentFacts | null;
}

export interface News {
  stop(): void;
}

const LOOK_EVERY_MS = 1_000;

/** Tells the terminal what a spectator wants to know, a line each: what opened, what is asked, how it ended. */
export function followNews(
  gateway: { readonly url: string; readonly token: string },
  say: (line: string) => void,
): News {
  const told = new Set<string>();
  const tell = (key: string, line: string): void => {
    if (told.has(key)) return;
    told.add(key);
    if (!first) say(line);
  };
  let first = true;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      for (const { incident, facts } of await list(gateway)) {
        if (facts !== null) report(incident.id, facts, gateway.url, tell);
      }
      first = false;
    } catch {
      // The gateway is being started again; the next look tells what was missed.
    } finally {
      looking = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

function report(id: string, facts: IncidentFacts, url: string, tell: (key: string, line: string) => void): void {
  const at = clockTimeUtc(facts.at);
  tell(
    `${id} opened`,
    `${at}  ${facts.severity}  ${cleanLine(facts.title, 80)}   ${url}/incidents/${encodeURIComponent(id)}`,
  );
  if (facts.acknowledgedAt !== null)
    tell(`${id} acknowledged`, `${at}  acknowledged by ${cleanLine(facts.acknowledgedBy ?? 'somebody', 60)}`);
  if (facts.cause !== null)
    tell(`${id} ${facts.cause.cause}`, `${at}  likely cause: ${cleanLine(facts.causeWords, 120)}`);
  for (const question of facts.openQuestions)
    tell(
      `${id} ${question.name} ${question.options[0]?.name}`,
      `${at}  asked: ${question.name}? ${cleanLine(question.why, 110)}`,
    );
  tell(`${id} ${facts.status}`, `${at}  status: ${statusWords(facts.status)}`);
  if (facts.postMortemUrl !== null)
    tell(`${id} post-mortem`, `${at}  post-mortem: ${url}/incidents/${encodeURIComponent(id)}/post-mortem`);
}

async function list({ url, token }: { readonly url: string; readonly token: string }): Promise<readonly Listed[]> {
  const answer = await fetch(`${url}/api/incidents?state=all`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(LOOK_EVERY_MS * 5),
  });
  if (!answer.ok) throw new Error(`The gateway answered ${answer.status}.`);
  return ((await answer.json()) as { incidents: readonly Listed[] }).incidents;
}
