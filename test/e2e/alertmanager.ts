import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lab/embedded/ports.ts';
import { type RunningProcess, spawnProcess } from '../../lab/embedded/processes.ts';

/** Where Debian's package puts it; another place may be named. */
export const ALERTMANAGER = process.env.ALERTMANAGER_BINARY ?? '/usr/bin/prometheus-alertmanager';

export function isAlertmanagerHere(): boolean {
  return existsSync(ALERTMANAGER);
}

export interface RealAlertmanager {
  readonly url: string;
  readonly clusterAddress: string;
  /** POST /api/v2/alerts, as Prometheus does. */
  alert(alerts: readonly PostedAlert[]): Promise<void>;
  /** Webhooks that it says it has sent. */
  notificationsSent(): Promise<number>;
  kill(): Promise<unknown>;
}

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt?: string;
}

/** A real Alertmanager whose only receiver is the webhook; `peer` makes it one of a pair. */
export async function startAlertmanager(options: {
  readonly folder: string;
  readonly webhook: string;
  readonly token: string;
  readonly groupBy: readonly string[];
  readonly peer?: RealAlertmanager;
}): Promise<RealAlertmanager> {
  const [port, clusterPort] = await Promise.all([freePort(), freePort()]);
  mkdirSync(options.folder, { recursive: true });
  const config = join(options.folder, 'alertmanager.yml');
  writeFileSync(config, configuration(options));
  const url = `http://127.0.0.1:${port}`;
  const clusterAddress = `127.0.0.1:${clusterPort}`;
  const process: RunningProcess = await spawnProcess({
    name: 'alertmanager',
    command: ALERTMANAGER,
    args: [
      `--config.file=${config}`,
      `--storage.path=${join(options.folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--cluster.listen-address=${clusterAddress}`,
      `--cluster.advertise-address=${clusterAddress}`,
      ...(options.peer === undefined ? [] : [`--cluster.peer=${options.peer.clusterAddress}`]),
      '--cluster.settle-timeout=1s',
    ],
    logFile: join(options.folder, 'alertmanager.log'),
    readyWhen: { kind: 'http', url: `${url}/-/ready` },
    readyTimeoutMs: 30_000,
  });
  return {
    url,
    clusterAddress,
    async alert(alerts) {
      const answer = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      });
      if (!answer.ok) throw new Error(`Alertmanager answers ${answer.status}: ${await answer.text()}`);
    },
    async notificationsSent() {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/^alertmanager_notifications_total\{integration="webhook"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
    },
    kill: () => process.kill(),
  };
}

/** As a team would write it, with waits of a second. */
function configuration({
  webhook,
  token,
  groupBy,
}: {
  webhook: string;
  token: string;
  groupBy: readonly string[];
}): string {
  return JSON.stringify({
    route: { receiver: 'incidents', group_by: groupBy, group_wait: '1s', group_interval: '1s', repeat_interval: '4h' },
    receivers: [
      {
        name: 'incidents',
        webhook_configs: [
          { url: webhook, send_resolved: true, http_config: { authorization: { type: 'Bearer', credentials: token } } },
        ],
      },
    ],
  });
}
