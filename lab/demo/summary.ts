import { relative } from 'node:path';
import type { Demo } from './demo.ts';
import { BEGIN_PATH } from './incident.ts';

/** What somebody needs to know once everything runs, aligned and short. */
export function summaryOf(
  demo: Demo,
  incident: boolean,
): readonly (readonly [label: string, value: string, hint?: string])[] {
  const link = demo.signInLink();
  return [
    link === null
      ? [
          'Console',
          demo.url,
          demo.viewer === null
            ? 'Sign in with an API token; its SHA-256 stands in the policy (tokenSha256) or in INCIDENT_TOKENS_FILE.'
            : 'Sign in with an API token of .cache/demo.json: beside a Temporal of yours no link lets anybody in.',
        ]
      : ['Console', link, `signs you in once as ${demo.viewer?.name}, who leads; afterwards ${demo.url}`],
    ...(demo.temporalUi === null
      ? []
      : [['Temporal', demo.temporalUi, 'the history of every incident, step by step'] as const]),
    [
      'Try',
      'bin/incident watch',
      'follows the incident and shows the commands that decide; all of them: bin/incident --help',
    ],
    [
      'Alerts',
      `${demo.url}/webhooks/alertmanager`,
      demo.viewer === null
        ? 'with the token ALERTMANAGER_TOKEN'
        : 'for an Alertmanager of yours; its token is in .cache/demo.json (ALERTMANAGER_TOKEN)',
    ],
    [
      'Post-mortem',
      `${relative(process.cwd(), demo.documents) || demo.documents}/postmortems/`,
      'and in the console, once an incident is resolved',
    ],
    ...(demo.controlUrl() === null
      ? []
      : [
          [
            'Time',
            `×${demo.speed}`,
            `${demo.speed} incident seconds pass in a second; --speed 1 is real time`,
          ] as const,
        ]),
    ['Stop', 'Ctrl-C'],
    ...beginning(demo, incident),
  ];
}

function beginning(demo: Demo, incident: boolean): readonly (readonly [string, string])[] {
  if (demo.controlUrl() === null) return [];
  const now = process.stdin.isTTY
    ? 'Enter begins it now.'
    : `At once: curl -X POST -H "Authorization: Bearer $TOKEN" ${demo.url}${BEGIN_PATH} (tokens are in .cache/demo.json).`;
  return [
    ['', ''],
    [
      '',
      incident ? `In 20 seconds a deploy goes wrong. ${now}` : `Nothing goes wrong by itself (--no-incident). ${now}`,
    ],
  ];
}
