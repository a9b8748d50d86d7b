import type { EvidenceBundle, EvidenceGap, EvidenceItem, ProbeName } from '../../domain/evidence.ts';
import { epochMs, type Instant } from '../../domain/instant.ts';
import { chart } from '../../views/chart.ts';
import { redactSecrets } from '../redaction.ts';
import { CACHE_PROBES } from './cache-probes.ts';
import { CHANGE_PROBES } from './change-probes.ts';
import { CLUSTER_PROBES } from './cluster-probes.ts';
import { CUSTOMER_PROBES } from './customer-probes.ts';
import { DATABASE_PROBES } from './database-probes.ts';
import { LOG_PROBES } from './log-probes.ts';
import { OUTSIDE_PROBES } from './outside-probes.ts';
import type { EvidencePorts, EvidenceStore } from './ports.ts';
import { type Look, NotConfigured, type Observation, type ProbeTable, seriesFromAt, withDeadline } from './probe.ts';
import { RECORD_PROBES } from './record-probes.ts';
import { TRAFFIC_PROBES } from './traffic-probes.ts';
import { TREND_PROBES } from './trend-probes.ts';

/**
 * Asks every probe of the request at once, each within its own deadline. What cannot be had becomes a gap that says
 * why; one dead system never costs the answers of the others (R2).
 */
export async function collect(ports: EvidencePorts, look: Look): Promise<EvidenceBundle> {
  const collectedAt = ports.clock();
  const wanted = [...new Set(look.request.probes)];
  const answers = await Promise.all(wanted.map((name) => answerOf(ports, look, name, collectedAt)));
  return {
    purpose: look.request.purpose,
    collectedAt,
    items: answers.flatMap((answer) => ('finding' in answer ? [answer] : [])),
    gaps: answers.flatMap((answer) => ('reason' in answer ? [answer] : [])),
  };
}

const PROBES: ProbeTable<ProbeName> = {
  ...CLUSTER_PROBES,
  ...DATABASE_PROBES,
  ...CACHE_PROBES,
  ...LOG_PROBES,
  ...TRAFFIC_PROBES,
  ...TREND_PROBES,
  ...OUTSIDE_PROBES,
  ...CUSTOMER_PROBES,
  ...RECORD_PROBES,
  ...CHANGE_PROBES,
};

const EXCERPT_BYTES = 1024;
const WORDS_CHARACTERS = 600;
const REASON_CHARACTERS = 300;
/** Storing is part of collecting and must not make it slower than the probes; without it the excerpt remains. */
const STORE_SECONDS = 5;

async function answerOf(
  ports: EvidencePorts,
  look: Look,
  name: ProbeName,
  collectedAt: Instant,
): Promise<EvidenceItem | EvidenceGap> {
  const { source, ask } = PROBES[name];
  try {
    const deadline = look.evidence.probeDeadlineSeconds;
    // The picture is asked for beside the question and has no longer than it, so a slow renderer costs nothing.
    const rendered = renderedPanel(ports, look, name);
    const seen = await withDeadline(deadline, `${source} did not answer`, () => ask(ports, look), ports.deadlines);
    const picture = await pictureOf(ports.store, seen, await rendered);
    return { ...(await itemOf(ports.store, look, name, source, seen, collectedAt)), ...picture };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const kind = error instanceof NotConfigured ? 'not-configured' : 'no-answer';
    return { probe: name, source, kind, reason: redactSecrets(reason).slice(0, REASON_CHARACTERS) };
  }
}

async function itemOf(
  store: EvidenceStore,
  look: Look,
  name: ProbeName,
  source: string,
  seen: Observation,
  collectedAt: Instant,
): Promise<EvidenceItem> {
  const body = redactSecrets(seen.body);
  const kept = await withDeadline(STORE_SECONDS, 'the evidence store did not answer', () =>
    store.put(body, seen.mediaType),
  ).catch(() => null);
  return {
    id: `${name}@${look.request.at}`,
    probe: name,
    source,
    collectedAt,
    command: redactSecrets(seen.command),
    link: seen.link ?? linkOf(look, name),
    words: redactSecrets(seen.words).slice(0, WORDS_CHARACTERS),
    abnormal: seen.abnormal,
    finding: redactDeep(seen.finding),
    excerpt: cutToBytes(redactSecrets(seen.excerpt), EXCERPT_BYTES),
    digest: kept?.digest ?? null,
    sizeBytes: kept?.sizeBytes ?? Buffer.byteLength(body),
  };
}

/** A dashboard's own picture of what the probe asks about; null when there is none, or none in time. */
async function renderedPanel(
  { panels, deadlines }: EvidencePorts,
  look: Look,
  name: ProbeName,
): Promise<Buffer | null> {
  const dashboard = look.service.dashboards.find((one) => one.panels?.[name] !== undefined);
  const panelId = dashboard?.panels[name];
  // After a remedy the same panel was looked at minutes ago, and numbers decide.
  if (panels === null || dashboard === undefined || panelId === undefined || look.request.purpose === 'after-remedy')
    return null;
  const panel = { dashboardUrl: dashboard.url, panelId, fromAt: seriesFromAt(look), untilAt: look.request.at };
  const draw = () => panels.panel(panel);
  return withDeadline(look.evidence.probeDeadlineSeconds, 'The picture did not come', draw, deadlines).catch(
    () => null,
  );
}

/** The rendered panel, else our own chart; the digest of what was kept, or nothing. */
async function pictureOf(
  store: EvidenceStore,
  seen: Observation,
  rendered: Buffer | null,
): Promise<Pick<EvidenceItem, 'picture'>> {
  if (rendered === null && seen.drawn === undefined) return {};
  const [body, mediaType] =
    rendered === null && seen.drawn !== undefined
      ? [redactSecrets(chart(seen.drawn)), 'image/svg+xml']
      : [rendered ?? '', 'image/png'];
  const kept = await withDeadline(STORE_SECONDS, 'the evidence store did not answer', () =>
    store.put(body, mediaType),
  ).catch(() => null);
  return { picture: kept?.digest ?? null };
}

/** The dashboard that policy names for this probe, opened at the right hours (R1.6). */
function linkOf(look: Look, name: ProbeName): string | null {
  const dashboard = look.service.dashboards.find((one) => one.probes.includes(name));
  if (dashboard === undefined || !URL.canParse(dashboard.url)) return null;
  const url = new URL(dashboard.url);
  url.searchParams.set('from', String(epochMs(seriesFromAt(look))));
  url.searchParams.set('to', String(epochMs(look.request.at)));
  return url.toString();
}

/** The same value with every text in it redacted. */
function redactDeep<T>(value: T): T {
  if (typeof value === 'string') return redactSecrets(value) as T;
  if (Array.isArray(value)) return value.map((entry) => redactDeep(entry)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactDeep(entry)])) as T;
}

/** Cut at a character's edge; the mark says that there was more. */
function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const mark = '…';
  const cut = Buffer.from(text)
    .subarray(0, limit - Buffer.byteLength(mark))
    .toString('utf8');
  return `${cut.replace(/\uFFFD+$/, '')}${mark}`;
}
