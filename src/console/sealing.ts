import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** The first seals, each opens, so that nothing is lost while a secret is exchanged for another. */
export type Secrets = readonly [string, ...string[]];

/** Turns content into text that nobody else can read, make or change, and that ends by itself. */
export interface Sealing<T extends object> {
  seal(content: T, untilMs: number): string;
  /** `ended` is told apart from `foreign`, so that whoever took too long hears so. */
  unseal(text: string, nowMs: number): { readonly content: T } | 'ended' | 'foreign';
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under a key made from the secret for this purpose alone: what was sealed as one thing never passes for
 * another. Every gateway of the team can open what another one sealed, without a store.
 */
export function createSealing<T extends object>(secrets: Secrets, purpose: string): Sealing<T> {
  const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  const first = keyOf(secrets[0]);
  const keys = secrets.map(keyOf);
  return {
    seal(content, untilMs) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify({ content, untilMs }), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    unseal(text, nowMs) {
      for (const key of keys) {
        const opened = open<T>(key, text);
        if (opened !== null) return opened.untilMs < nowMs ? 'ended' : { content: opened.content };
      }
      return 'foreign';
    },
  };
}

function open<T>(key: Buffer, text: string): { readonly content: T; readonly untilMs: number } | null {
  try {
    const bytes = Buffer.from(text, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(plain.toString('utf8')) as { content: T; untilMs: number };
  } catch {
    return null;
  }
}
