/**
 * Secrets never reach history, chat or a failure's message: what leaves an activity, and what a source brings to the
 * gateway, has been through here first. Order matters: whole private keys before the words inside them, and whole
 * headers, whatever their scheme, before the words that look like a value.
 */
const CREDENTIALS: readonly { readonly pattern: RegExp; readonly replacement: string }[] = [
  { pattern: /-----BEGIN [A-Z0-9 ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g, replacement: '[private key]' },
  { pattern: /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, replacement: '[token]' },
  { pattern: /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,128}):[^\s@/]+@/gi, replacement: '$1:[secret]@' },
  { pattern: /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, replacement: '$1 [secret]' },
  {
    pattern:
      /\b((?:proxy-)?authorization["']?\s*[=:]\s*["']?(?:ApiKey|Token|OAuth|GenieKey|Digest|Negotiate)\s+)[^\r\n"']+/gi,
    replacement: '$1[secret]',
  },
  { pattern: /\b((?:set-)?cookie["']?\s*[=:]\s*["']?)(?!\[)[^\r\n"']+/gi, replacement: '$1[secret]' },
  { pattern: /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/g, replacement: '[access key]' },
  { pattern: /\b(?:sk|pk|rk)-(?:ant-|proj-)?[\w-]{16,}/g, replacement: '[api key]' },
  { pattern: /\b(?:xox[abeoprs]|xapp)-[\w-]{10,}/g, replacement: '[api key]' },
  { pattern: /\b(?:gh[pousr]|github_pat|glsa|glpat|npm)[_-]\w{20,}/g, replacement: '[api key]' },
  {
    pattern:
      /(["']?\b(?:[\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|authorization)|pwd)["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|(?!\[)[^\s,;&"'}]+)/gi,
    replacement: '$1[secret]',
  },
];

const E_MAIL = { pattern: /\b[\w.+-]{1,64}@(?:[a-z0-9-]+\.)+[a-z]{2,}\b/gi, replacement: '[e-mail]' };

/** The text without bearer tokens, passwords, cloud keys, JWTs, private keys, e-mail addresses and `secrets`. */
export function redactSecrets(text: string, secrets: readonly string[] = []): string {
  const literal = secrets
    .filter((secret) => secret.length >= MINIMUM_SECRET_CHARACTERS)
    .reduce((rest, secret) => rest.split(secret).join('[secret]'), text);
  return redactCredentials(literal).replace(E_MAIL.pattern, E_MAIL.replacement);
}

/** The same but for e-mail addresses: in what people and alerts say, those are names. */
export function redactCredentials(text: string): string {
  if (text.length < MINIMUM_SECRET_CHARACTERS) return text;
  return CREDENTIALS.reduce((rest, rule) => rest.replace(rule.pattern, rule.replacement), text);
}

/** Shorter ones would blank out ordinary words. */
const MINIMUM_SECRET_CHARACTERS = 6;
