import type { Finding } from '../../domain/evidence.ts';
import { plusMinutes } from '../../domain/instant.ts';
import { classifyLine, logPatterns } from './log-patterns.ts';
import type { LogLine, LogQuery } from './ports.ts';
import { count, type Look, NotConfigured, type Observation, type Probe, type ProbeTable, required } from './probe.ts';

type TailProbe = Extract<Finding, { lines: number }>['probe'];
type LogProbe = TailProbe | 'log-search';

const SOURCE = 'Kubernetes logs';
const TAIL_BYTES_PER_POD = 512 * 1024;
const EXPORT_BYTES_PER_POD = 8 * 1024 * 1024;
/** R3.1.1: the runbook looks at the database's last hundred lines. */
const DATABASE_TAIL_LINES = 100;

/** R2.6, and R3.2.1: which errors are most frequent over more lines than those that are explained from. */
const serviceLogs: Probe = {
  source: SOURCE,
  async ask({ cluster }, look) {
    const { topErrors } = look;
    const recent = tail(look, look.service.application);
    if (topErrors === undefined) return readLogs('service-logs', [recent], cluster);
    const query = { ...recent, tailLines: Math.max(recent.tailLines, topErrors.ofLines) };
    const answer = await required(cluster, 'The Kubernetes cluster').logs(query);
    const seen = observed('service-logs', [query], { ...answer, lines: newest(answer.lines, recent.tailLines) });
    const top = logPatterns(answer.lines).slice(0, topErrors.count);
    const body = answer.lines.map(textOf).join('\n');
    if (top.length === 0) return { ...seen, body };
    const listed = top.map(({ count: times, pattern }) => `${String(times).padStart(7)} ${pattern}`);
    return { ...seen, body, excerpt: [`Top ${top.length} of ${answer.lines.length} lines:`, ...listed].join('\n') };
  },
};

/** The last lines of each pod. */
function newest(lines: readonly LogLine[], perPod: number): readonly LogLine[] {
  const left = new Map<string, number>();
  return lines
    .toReversed()
    .filter(({ pod }) => {
      const taken = left.get(pod) ?? 0;
      left.set(pod, taken + 1);
      return taken < perPod;
    })
    .reverse();
}

const workerLogs: Probe = {
  source: SOURCE,
  async ask({ cluster }, look) {
    if (look.service.companions.length === 0) throw new NotConfigured('Policy names no companions.');
    return readLogs(
      'worker-logs',
      look.service.companions.map((companion) => tail(look, companion)),
      cluster,
    );
  },
};

const databaseLogs: Probe = {
  source: SOURCE,
  async ask({ cluster }, { service }) {
    if (service.database === null) throw new NotConfigured('Policy names no database.');
    return readLogs(
      'database-logs',
      [
        {
          namespace: service.namespace,
          selector: service.database.selector,
          container: null,
          tailLines: DATABASE_TAIL_LINES,
          sinceAt: null,
          limitBytesPerPod: TAIL_BYTES_PER_POD,
        },
      ],
      cluster,
    );
  },
};

const logExport: Probe = {
  source: SOURCE,
  ask: ({ cluster }, look) => {
    const sinceAt = plusMinutes(look.request.at, -60 * look.evidence.exportHours);
    const query = {
      ...tail(look, look.service.application),
      tailLines: null,
      sinceAt,
      limitBytesPerPod: EXPORT_BYTES_PER_POD,
    };
    return readLogs('log-export', [query], cluster);
  },
};

/** R2.7: the same trouble in the log store, which still has the lines of pods that are gone. */
const logSearch: Probe = {
  source: 'Elasticsearch',
  async ask({ logSearch: wanted }, { service, request, evidence }) {
    const port = required(wanted, 'The log search');
    const query = {
      namespace: service.namespace,
      selectors: [service.application, ...service.companions].map(({ selector }) => selector),
      anyOf: SEARCHED_WORDS,
      fromAt: plusMinutes(request.at, -60 * evidence.exportHours),
      untilAt: request.at,
      limit: SEARCHED_LINES,
      deadlineMilliseconds: evidence.probeDeadlineSeconds * 1000,
    };
    const { matched, lines } = await port.search(query);
    const patterns = logPatterns(lines);
    const read = lines.length < matched ? `, the newest ${lines.length} of them read` : '';
    const named = patterns.slice(0, PATTERNS_IN_WORDS).map((one) => `${one.count}× ${one.kind}: ${one.pattern}`);
    return {
      command: port.command(query),
      link: port.link(query),
      words:
        matched === 0
          ? `No log line of the last ${count(evidence.exportHours, 'hour')} says ${SEARCHED_WORDS.join(' or ')}.`
          : `${count(matched, 'log line')} of the last ${count(evidence.exportHours, 'hour')} say ${SEARCHED_WORDS.join(' or ')}${read}. ${named.join(' | ')}`,
      abnormal: patterns.length > 0,
      excerpt: lines.slice(-EXCERPT_LINES).map(textOf).join('\n'),
      finding: { probe: 'log-search', fromAt: query.fromAt, untilAt: query.untilAt, matched, patterns },
      body: lines.map(textOf).join('\n'),
      mediaType: 'text/plain',
    };
  },
};

/** The runbook greps for these (R2.6, R2.7). */
const SEARCHED_WORDS = ['ERROR', 'FATAL', 'Exception'];
const SEARCHED_LINES = 500;

export const LOG_PROBES: ProbeTable<LogProbe> = {
  'service-logs': serviceLogs,
  'worker-logs': workerLogs,
  'database-logs': databaseLogs,
  'log-export': logExport,
  'log-search': logSearch,
};

function tail(
  { service, evidence }: Look,
  workload: { readonly selector: string; readonly container: string },
): LogQuery & { readonly tailLines: number } {
  return {
    namespace: service.namespace,
    selector: workload.selector,
    container: workload.container,
    tailLines: evidence.logTailLines,
    sinceAt: null,
    limitBytesPerPod: TAIL_BYTES_PER_POD,
  };
}

async function readLogs(
  probe: TailProbe,
  queries: readonly LogQuery[],
  cluster: Parameters<Probe['ask']>[0]['cluster'],
): Promise<Observation> {
  const port = required(cluster, 'The Kubernetes cluster');
  const answers = await Promise.all(queries.map((query) => port.logs(query)));
  const lines = answers.flatMap((answer) => answer.lines);
  return observed(probe, queries, { lines, missing: answers.flatMap(({ missing }) => missing) });
}

function observed(
  probe: TailProbe,
  queries: readonly LogQuery[],
  { lines, missing }: { readonly lines: readonly LogLine[]; readonly missing: readonly string[] },
): Observation {
  const patterns = logPatterns(lines);
  const troubled = lines.filter(({ line }) => classifyLine(line) !== null);
  return {
    command: queries.map(commandOf).join('; '),
    words: wordsOf(lines.length, patterns, missing),
    abnormal: patterns.length > 0,
    excerpt: (troubled.length > 0 ? troubled : lines).slice(-EXCERPT_LINES).map(textOf).join('\n'),
    finding: { probe, lines: lines.length, patterns },
    body: lines.map(textOf).join('\n'),
    mediaType: 'text/plain',
  };
}

const EXCERPT_LINES = 8;
const PATTERNS_IN_WORDS = 3;

function wordsOf(lines: number, patterns: ReturnType<typeof logPatterns>, missing: readonly string[]): string {
  const silent = missing.length === 0 ? '' : ` No log could be read from ${missing.join(', ')}.`;
  if (lines === 0) return `The logs are empty.${silent}`;
  if (patterns.length === 0) return `Nothing unusual in ${count(lines, 'log line')}.${silent}`;
  const total = patterns.reduce((sum, pattern) => sum + pattern.count, 0);
  const named = patterns
    .slice(0, PATTERNS_IN_WORDS)
    .map(({ kind, count: times, pattern }) => `${times}× ${kind}: ${pattern}`);
  return `${total} of ${count(lines, 'log line')} report trouble. ${named.join(' | ')}${silent}`;
}

function commandOf(query: LogQuery): string {
  const bound = query.tailLines === null ? `--since-time=${query.sinceAt ?? ''}` : `--tail=${query.tailLines}`;
  return `kubectl logs -l ${query.selector} -n ${query.namespace} ${bound} --prefix --timestamps`;
}

function textOf({ pod, at, line }: LogLine): string {
  return `${at ?? '-'} ${pod} ${line}`;
}
