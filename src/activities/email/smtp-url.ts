/** A mail server as SMTP_URL names it. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  /** Nothing is said before TLS is up: a password must not cross a network in the clear, whoever took STARTTLS away. */
  readonly requireTls: boolean;
}

const SUBMISSION_PORT = 587;
const SUBMISSIONS_PORT = 465;

/** Of `smtp://user:password@host:587`, `smtps://…`; `?requireTLS=true` or `false` decides where a password does not. */
export function mailServerOf(smtpUrl: string): MailServer {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const auth =
    url.username === '' ? null : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  const asked = url.searchParams.get('requireTLS');
  return {
    host: url.hostname,
    port: Number(url.port || (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT)),
    secure,
    auth,
    requireTls: asked === null ? auth !== null && !isThisMachine(url.hostname) : asked !== 'false',
  };
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}
