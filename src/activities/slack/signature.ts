import { createHmac, timingSafeEqual } from 'node:crypto';

/** Slack's own advice: what is older was replayed, what comes from the future was made up. */
const SKEW_SECONDS = 5 * 60;

/**
 * What is wrong with Slack's signature (v0) over the raw bytes; null when one of the secrets made it. Several secrets
 * are right while one is being exchanged for another.
 */
export function signatureProblem(
  headers: { readonly timestamp: string | undefined; readonly signature: string | undefined },
  bytes: Buffer,
  secrets: readonly string[],
  nowMs: number,
): string | null {
  const { timestamp = '', signature = '' } = headers;
  const given = /^v0=([0-9a-f]{64})$/i.exec(signature)?.[1];
  if (!/^\d{1,12}$/.test(timestamp) || given === undefined)
    return 'The request is not signed by Slack (X-Slack-Request-Timestamp and X-Slack-Signature).';
  const seconds = nowMs / 1000 - Number(timestamp);
  const base = Buffer.concat([Buffer.from(`v0:${timestamp}:`), bytes]);
  const right = secrets
    .map((secret) => timingSafeEqual(createHmac('sha256', secret).update(base).digest(), Buffer.from(given, 'hex')))
    .includes(true);
  if (!right) return 'The signature does not fit the body. Check that this gateway has the signing secret of the app.';
  if (Math.abs(seconds) <= SKEW_SECONDS) return null;
  return `The request was signed ${Math.round(Math.abs(seconds))} s ${seconds > 0 ? 'ago' : 'from now'}; more than ${SKEW_SECONDS} s either way is refused. Check both clocks.`;
}
