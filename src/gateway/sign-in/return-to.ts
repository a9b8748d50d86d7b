const LONGEST_PATH = 1_000;
const ANYWHERE = 'http://console.invalid';

/** A page of ours to go back to after signing in; "/" for everything that could lead elsewhere (open redirect). */
export function safeReturnTo(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > LONGEST_PATH) return '/';
  // Browsers read "\" as "/" and drop tabs and line ends, so that "/\t/evil.example" is another host's address.
  if (!/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return '/';
  if (!URL.canParse(wanted, ANYWHERE)) return '/';
  const { origin, pathname, search } = new URL(wanted, ANYWHERE);
  if (origin !== ANYWHERE || pathname.startsWith('//') || pathname.startsWith('/sign-in')) return '/';
  return pathname + search;
}
