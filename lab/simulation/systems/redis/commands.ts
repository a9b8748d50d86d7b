import type { CacheTruth } from '../../world/api.ts';
import { bulk, error, integer, list, map, nothing, simple, verbatim } from './resp.ts';

export interface RedisSession {
  readonly id: number;
  protocol: 2 | 3;
  /** Has said the password, or none is asked for. */
  trusted: boolean;
}

export interface Asked {
  readonly session: RedisSession;
  readonly words: readonly string[];
  readonly truth: CacheTruth;
  readonly nowMs: number;
  readonly password: string | null;
}

const VERSION = '7.0.15';
const MIB = 1024 * 1024;
const SILENT_SECONDS = 3_600;

/** What the real server answers to a command; those it has and this one lacks are refused as unknown. */
export function answerCommand(asked: Asked): Buffer {
  const { session, words, truth } = asked;
  const name = (words[0] ?? '').toUpperCase();
  if (!session.trusted && !['HELLO', 'AUTH', 'QUIT'].includes(name)) return error('NOAUTH Authentication required.');
  switch (name) {
    case 'HELLO':
      return hello(asked);
    case 'AUTH':
      return authenticate(asked, words.length > 2 ? words[1] : 'default', words.at(-1)) ?? simple('OK');
    case 'PING':
      if (words.length > 2) return wrongNumber('ping');
      return words.length === 2 ? bulk(words[1] ?? '') : simple('PONG');
    case 'ECHO':
      return words.length === 2 ? bulk(words[1] ?? '') : wrongNumber('echo');
    case 'INFO':
      return verbatim(infoText(truth, words.slice(1)), session.protocol);
    case 'CLIENT':
      return clientCommand(asked);
    case 'DBSIZE':
      return integer(truth.keys);
    case 'COMMAND':
      return list([]);
    case 'SELECT':
      return /^\d+$/.test(words[1] ?? '') ? simple('OK') : error('ERR value is not an integer or out of range');
    case 'QUIT':
      return simple('OK');
    default: {
      const rest = words.slice(1).map((word) => `'${word}' `);
      return error(`ERR unknown command '${words[0]}', with args beginning with: ${rest.join('')}`);
    }
  }
}

/** `HELLO [2|3 [AUTH user password] [SETNAME name]]`. */
function hello(asked: Asked): Buffer {
  const { session, words } = asked;
  const wanted = words[1];
  if (wanted !== undefined && wanted !== '2' && wanted !== '3')
    return /^\d+$/.test(wanted)
      ? error('NOPROTO unsupported protocol version')
      : error('ERR Protocol version is not an integer or out of range');
  const auth = words.findIndex((word) => word.toUpperCase() === 'AUTH');
  if (auth > 0) {
    const refused = authenticate(asked, words[auth + 1], words[auth + 2]);
    if (refused !== null) return refused;
  }
  if (!session.trusted) {
    return error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  if (wanted !== undefined) session.protocol = wanted === '3' ? 3 : 2;
  const { protocol } = session;
  return map(
    [
      ['server', bulk('redis')],
      ['version', bulk(VERSION)],
      ['proto', integer(protocol)],
      ['id', integer(session.id)],
      ['mode', bulk('standalone')],
      ['role', bulk('master')],
      ['modules', list([])],
    ],
    protocol,
  );
}

function authenticate(asked: Asked, user: string | undefined, given: string | undefined): Buffer | null {
  const { session, password } = asked;
  if (password === null && user === 'default') {
    if (asked.words[0]?.toUpperCase() === 'HELLO') return null;
    return error(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
  }
  if (user !== 'default' || given !== password)
    return error('WRONGPASS invalid username-password pair or user is disabled.');
  session.trusted = true;
  return null;
}

function clientCommand({ session, words, truth }: Asked): Buffer {
  switch (words[1]?.toUpperCase()) {
    case 'LIST':
      return verbatim(clientList(session, truth), session.protocol);
    case 'ID':
      return integer(session.id);
    case 'SETNAME':
    case 'NO-EVICT':
      return simple('OK');
    case 'GETNAME':
      return nothing(session.protocol);
    default:
      // SETINFO came with 7.2.
      return error(`ERR unknown subcommand '${words[1] ?? ''}'. Try CLIENT HELP.`);
  }
}

function clientList(session: RedisSession, truth: CacheTruth): string {
  const line = (id: number, port: number, idleSeconds: number, command: string) =>
    `id=${id} addr=10.244.0.9:${port} laddr=10.244.0.21:6379 fd=${8 + (id % 900)} name= age=${idleSeconds + 40} idle=${idleSeconds} flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20474 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=22298 events=r cmd=${command} user=default redir=-1 resp=2`;
  const others = Array.from({ length: truth.connectedClients }, (_, index) =>
    line(1000 + index, 40_000 + index, index < truth.idleClients ? SILENT_SECONDS + index : index % 30, 'get'),
  );
  return `${[...others, line(session.id, 39_999, 0, 'client|list')].join('\n')}\n`;
}

function infoText(truth: CacheTruth, wanted: readonly string[]): string {
  const sections: Readonly<Record<string, readonly (readonly [string, string | number])[]>> = {
    Server: [
      ['redis_version', VERSION],
      ['redis_mode', 'standalone'],
      ['tcp_port', 6379],
      ['uptime_in_seconds', truth.uptimeSeconds],
    ],
    Clients: [
      ['connected_clients', truth.connectedClients + 1],
      ['maxclients', 10_000],
      ['blocked_clients', 0],
    ],
    Memory: [
      ['used_memory', Math.round(truth.usedMemoryMiB * MIB)],
      ['maxmemory', truth.memoryLimitMiB * MIB],
      ['maxmemory_policy', 'allkeys-lru'],
    ],
    Stats: [
      ['rejected_connections', 0],
      ['expired_keys', 0],
      ['evicted_keys', truth.evictedKeys],
      ['keyspace_hits', truth.hits],
      ['keyspace_misses', truth.misses],
    ],
    Replication: [
      ['role', 'master'],
      ['connected_slaves', 0],
    ],
    Keyspace: [['db0', `keys=${truth.keys},expires=${truth.keys},avg_ttl=600000`]],
  };
  const names = wanted.map((name) => name.toLowerCase());
  const all = names.length === 0 || names.some((name) => ['all', 'default', 'everything'].includes(name));
  return Object.entries(sections)
    .filter(([name]) => all || names.includes(name.toLowerCase()))
    .map(([name, fields]) => `# ${name}\r\n${fields.map(([key, value]) => `${key}:${value}\r\n`).join('')}`)
    .join('\r\n');
}

function wrongNumber(command: string): Buffer {
  return error(`ERR wrong number of arguments for '${command}' command`);
}
