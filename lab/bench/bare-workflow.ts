import { proxyActivities, sleep } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<null> }>({ startToCloseTimeout: '30s' });

/** As many activities and timers as an incident had, and nothing else: what the engine itself costs. */
export async function bare(counts: {
  readonly activities: number;
  readonly timers: number;
  readonly timerSeconds: number;
}): Promise<void> {
  const share = counts.timers / Math.max(1, counts.activities);
  let owed = 0;
  for (let done = 0; done < counts.activities; done += 1) {
    await nothing();
    for (owed += share; owed >= 1; owed -= 1) await sleep(counts.timerSeconds * 1000);
  }
}
