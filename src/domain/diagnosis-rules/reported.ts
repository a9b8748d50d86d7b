import type { CauseKind } from '../diagnosis.ts';
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
    cause: 'minor-bug',
    says: /\b(ui bugs?|cosmetic|typo|misaligned|documentation errors?|docs error|logging issues?)\b/i,
    words: 'It is a bug that hardly anybody notices.',
    tellApart: 'reproducing it',
  },
];

const DENIED = /\b(no|not|without|never)\s+(\w+\s+){0,2}$/i;

export function reportedRules(reading: Reading): readonly Draft[] {
  const alerts = reading.input.alerts.filter((alert) => alert.status === 'firing');
  return REPORTS.flatMap((report) => {
    for (const alert of alerts) {
      const text = `${alert.summary} ${alert.annotations.description ?? ''}`;
      const match = report.says.exec(text);
      if (match === null || DENIED.test(text.slice(0, match.index))) continue;
      const draft = new Draft({
        cause: report.cause,
        names: [],
        words: report.words,
        tellApart: report.tellApart,
        suggests: [],
      });
      return [draft.support(`alert:${alert.fingerprint}`, 0.7, `it was reported: "${alert.summary}"`)];
    }
    return [];
  });
}
