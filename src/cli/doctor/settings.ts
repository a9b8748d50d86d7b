import { readFileSync } from 'node:fs';

/** The environment as gateway and worker read it: NAME, or NAME_FILE with the path of a file that holds it. */
export interface Settings {
  /** Null when it is not set. */
  get(name: string): string | null;
  /** Takes every secret out of words for people: values, passwords within addresses, and their encoded forms. */
  redact(words: string): string;
}

const SECRET = /TOKEN|KEY|SECRET|PASSWORD|_URL$|DATABASE/;
const SHORTEST_SECRET = 4;

export function settingsOf(env: Readonly<Record<string, string | undefined>>): Settings {
  const get = (name: string): string | null => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    const file = env[`${name}_FILE`];
    if (file === undefined || file === '') return null;
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      return null;
    }
  };
  const secrets = (): readonly string[] =>
    Object.keys(env)
      .map((name) => name.replace(/_FILE$/, ''))
      .filter((name) => SECRET.test(name))
      .flatMap((name) => secretsIn(get(name)));
  return {
    get,
    redact: (words) =>
      [...new Set(secrets())]
        .sort((a, b) => b.length - a.length)
        .reduce((text, secret) => text.replaceAll(secret, '***'), words),
  };
}

/** Of an address only its credentials are secret; of JSON (routing keys) each value. */
function secretsIn(value: string | null): readonly string[] {
  if (value === null) return [];
  if (URL.canParse(value) && value.includes('://')) {
    const { password } = new URL(value);
    return [password, decodeURIComponent(password)].filter((text) => text.length >= SHORTEST_SECRET);
  }
  if (value.startsWith('{'))
    return [...value.matchAll(/:\s*"([^"]+)"/g)]
      .map((match) => match[1] ?? '')
      .filter((text) => text.length >= SHORTEST_SECRET);
  return value.length >= SHORTEST_SECRET ? [value] : [];
}
