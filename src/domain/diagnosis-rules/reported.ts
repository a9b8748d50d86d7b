import type { CauseKind } from '../diagnosis.ts';
import type { LogKind } from '../evidence.ts';
import { Draft } from './draft.ts';
import type { Reading } from './reading.ts';

/** What only people or security tools can say. No action is suggested for any of it: people act (drills.md). */
const REPORTS: readonly {
  readonly cause: CauseKind;
  readonly says: RegExp;
  readonly words: string;
  readonly tellApart: string;
}[] = [
  {
    cause: 'security-breach',
    says: /security (breach|incident)|data breach|intrusion|credentials? leaked|unauthori[sz]ed access/i,
    words: 'Somebody is in the system who should not be.',
    tellApart: 'the audit logs',
  },
  {
    cause: 'data-corruption',
    says: /corrupt(ed|ion)|data loss|lost data|data was lost/i,
    words: 'Data is lost or corrupted.',
    tellApart: 'a comparison of the data with the last backup',
  },
  {
    cause: 'authentication-broken',
    says: /authentication (system )?(is )?(broken|down|failing)|(nobody|no one|cannot|can't|unable to) (can )?(log|sign) ?in|login (is )?(broken|down|failing)/i,
    words: 'People cannot authenticate.',
    tellApart: 'a login by hand',
  },
  {
    cause: 'infrastructure-down',
    says: /(zone|cluster|data ?cent(er|re)|region|dns) (is )?(down|failing|unreachable|outage)|infrastructure failure/i,
    words: 'The infrastructure below the service has failed.',
    tellApart: "the infrastructure provider's own status",
  },
  {
    cause: 'replica-missing',
    says: /(no|missing|lost) replica|replica (is )?(missing|gone|lost|down)|replication (slot )?(is )?(broken|stopped)/i,
    words: 'The database has no replica, so that a failover would have nowhere to go.',
    tellApart: 'pg_stat_replication of the primary, and the pod of the replica',
  },
  {
    cause: 'replica-lag',
    says: /replica (is )?[\d.]* ?s(econds)? behind|replica (is )?(behind|lagging)|replication lag/i,
    words: 'The replica of the database is behind: a failover now would lose what it lacks.',
    tellApart: 'pg_stat_replication of the primary: where the replica is behind',
  },
  {
    cause: 'minor-bug',
    says: /\b(ui bugs?|cosmetic|typo|misaligned|documentation errors?|docs error|logging issues?)\b/i,
    words: 'It is a bug that hardly anybody notices.',
    tellApart: 'reproducing it',
  },
];

const DENIED = /\b(no|not|without|never)\s+(\w+\s+){0,2}$/i;

/** Kinds of log lines that say the same as the report, and how much they convince beside it. */
const LINES: Partial<Record<CauseKind, LogKind>> = {
  'data-corruption': 'data-corruption',
  'authentication-broken': 'authentication',
};

export function reportedRules(reading: Reading): readonly Draft[] {
  const alerts = reading.input.alerts.filter((alert) => alert.status === 'firing');
  return REPORTS.flatMap((report) => {
    const draft = new Draft({
      cause: report.cause,
      names: [],
      words: report.words,
      tellApart: report.tellApart,
      suggests: [],
    });
    const alert = alerts.find((one) => says(report.says, `${one.summary} ${one.annotations.description ?? ''}`));
    if (alert !== undefined) draft.support(`alert:${alert.fingerprint}`, 0.7, `it was reported: "${alert.summary}"`);
    const kind = LINES[report.cause];
    const logs = kind === undefined ? null : reading.logs(kind);
    if (logs !== null && logs.count >= TELLING_LINES)
      draft.support(
        logs.evidenceId,
        alert === undefined ? 0.5 : 0.4,
        `${logs.count} log lines say so too, e.g. "${logs.patterns[0]?.example ?? ''}"`,
      );
    return draft.confidence > 0 ? [draft] : [];
  });
}

/** One damaged page or refused token is an accident. */
const TELLING_LINES = 3;

function says(phrase: RegExp, text: string): boolean {
  const match = phrase.exec(text);
  return match !== null && !DENIED.test(text.slice(0, match.index));
}
