import type { FastifyInstance, FastifyReply } from 'fastify';
import type { PeopleDirectory } from '../../config/people.ts';
import { bouncePage } from '../../console/document.ts';
import { type Console, HEADERS } from '../../console/mount.ts';
import { createSealing, type Secrets } from '../../console/sealing.ts';
import { cookie } from '../../console/session.ts';
import type { GatewayLog } from '../log.ts';
import type { AccountTokens } from './account-tokens.ts';
import { matchPerson } from './matching.ts';
import { type AccountProvider, type Attempt, SignInFailed, type SignInTrouble } from './provider.ts';
import { safeReturnTo } from './return-to.ts';

export const SIGN_IN_PATH = '/sign-in';
/** Registered at the provider as the redirect URI, below the console's address. */
export const CALLBACK_PATH = '/sign-in/callback';

export interface SignInOptions {
  readonly provider: AccountProvider;
  readonly console: Console;
  readonly people: PeopleDirectory;
  readonly tokens: AccountTokens;
  readonly personClaim: string;
  readonly secrets: Secrets;
  readonly secureCookies: boolean;
  readonly log: GatewayLog;
  readonly nowMs: () => number;
}

const ATTEMPT_COOKIE = 'incident_sign_in';
const ATTEMPT_SECONDS = 600;

/**
 * GET /sign-in?return-to=/… sends the browser to the provider; GET /sign-in/callback takes it back, opens a session for
 * the person of the policy whom the provider means, or says on a page what to do. What was begun is sealed into a
 * cookie of ten minutes, so any gateway can finish what another began; it is given up at the first answer.
 */
export function registerSignIn(app: FastifyInstance, options: SignInOptions): void {
  const { provider, console: webConsole, log, nowMs } = options;
  const attempts = createSealing<Attempt>(options.secrets, 'incident sign-in attempt');
  // Lax: the answer comes by a link from another site, which a strict cookie would not accompany.
  const attributes = `Path=${CALLBACK_PATH}; HttpOnly; SameSite=Lax${options.secureCookies ? '; Secure' : ''}`;

  const tell = (reply: FastifyReply, { status, heading, words, again }: Said): FastifyReply => {
    if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .send(webConsole.notice(heading, words, again ? { path: SIGN_IN_PATH, words: 'Sign in again' } : null));
  };
  const failed = (reply: FastifyReply, error: unknown): FastifyReply => {
    if (!(error instanceof SignInFailed)) throw error;
    log.warn(`A sign-in failed (${error.trouble}): ${error.message}`);
    return tell(reply, WORDS[error.trouble]);
  };

  app.get<{ Querystring: { 'return-to'?: string } }>(SIGN_IN_PATH, async (request, reply) => {
    reply.headers(HEADERS);
    try {
      const { url, attempt } = await provider.begin(safeReturnTo(request.query['return-to']));
      const sealed = attempts.seal(attempt, nowMs() + ATTEMPT_SECONDS * 1000);
      reply.header('set-cookie', `${ATTEMPT_COOKIE}=${sealed}; Max-Age=${ATTEMPT_SECONDS}; ${attributes}`);
      return reply.redirect(url.href, 302);
    } catch (error) {
      return failed(reply, error);
    }
  });

  app.get(CALLBACK_PATH, async (request, reply) => {
    reply.headers(HEADERS);
    const sealed = cookie(request.headers.cookie, ATTEMPT_COOKIE);
    reply.header('set-cookie', `${ATTEMPT_COOKIE}=; Max-Age=0; ${attributes}`);
    if (sealed === null) return tell(reply, NOT_BEGUN);
    const opened = attempts.unseal(sealed, nowMs());
    if (opened === 'ended') return tell(reply, TOO_LATE);
    if (opened === 'foreign') return tell(reply, NOT_BEGUN);
    try {
      const claims = await provider.finish(new URL(request.url, 'http://gateway.invalid').search, opened.content);
      const matched = matchPerson(claims, options.personClaim, await options.people.all());
      if (matched.kind !== 'person') {
        log.warn(`A sign-in with an account was refused: ${matched.kind}.`);
        return tell(reply, notLetIn(matched, options.personClaim));
      }
      log.info(`${matched.person.id} signed in with their account.`);
      webConsole.signIn(reply, options.tokens.issue(matched.person));
      return reply.type('text/html; charset=utf-8').send(bouncePage(opened.content.returnTo));
    } catch (error) {
      return failed(reply, error);
    }
  });
}

interface Said {
  readonly status: 400 | 403 | 500 | 503;
  readonly heading: string;
  readonly words: string;
  /** Whether trying again can help. */
  readonly again: boolean;
}

const RETRY_AFTER_SECONDS = 10;
const NOT_SIGNED_IN = 'You are not signed in';

const NOT_BEGUN: Said = {
  status: 400,
  heading: NOT_SIGNED_IN,
  words:
    'This sign-in was not begun by this browser, or was finished already. If it happens every time, allow cookies for this address.',
  again: true,
};
const TOO_LATE: Said = {
  status: 400,
  heading: NOT_SIGNED_IN,
  words: `More than ${ATTEMPT_SECONDS / 60} minutes passed between the two halves of this sign-in.`,
  again: true,
};

const WORDS: Readonly<Record<SignInTrouble, Said>> = {
  'provider-away': {
    status: 503,
    heading: 'Your accounts’ provider does not answer',
    words:
      'Nothing is wrong with the incidents. Try again in a moment; meanwhile an API token signs you in on the first page, and Slack and the command line take your decisions as ever.',
    again: true,
  },
  'provider-refused': {
    status: 403,
    heading: NOT_SIGNED_IN,
    words:
      'The provider did not let you in here: the request was declined, or your account is not assigned to this application. Whoever runs the provider can assign it.',
    again: true,
  },
  misconfigured: {
    status: 500,
    heading: 'The sign-in is not set up rightly',
    words:
      'The provider does not accept this gateway: client id, secret, address or issuer differ. The command incident doctor says which; tell whoever runs the gateway. An API token signs you in meanwhile.',
    again: false,
  },
  'code-spent': {
    status: 400,
    heading: NOT_SIGNED_IN,
    words: 'This sign-in was used already or is too old: a link of it works once, within a minute or so.',
    again: true,
  },
  untrusted: {
    status: 400,
    heading: NOT_SIGNED_IN,
    words:
      'The answer does not belong to the sign-in that this browser began, or cannot be verified, so it was not believed. If it happens every time, tell whoever runs the gateway: its log says why.',
    again: true,
  },
};

function notLetIn(matched: Exclude<ReturnType<typeof matchPerson>, { kind: 'person' }>, claim: string): Said {
  const said = (words: string): Said => ({ status: 403, heading: 'You are not known here', words, again: true });
  switch (matched.kind) {
    case 'unknown':
      return said(
        `Your account is fine, but nobody in this team’s policy is ${matched.shown}. Ask an admin to add you under “people” in the policy file, with your roles; then sign in again. In an emergency call whoever is on call.`,
      );
    case 'unverified':
      return said(
        `The provider has not verified that ${matched.shown} is yours, so it does not count here. Confirm the address at the provider, then sign in again; or an admin names another claim in OIDC_PERSON_CLAIM.`,
      );
    case 'missing-claim':
      return said(
        `The provider says nothing under “${claim}”, by which people are recognised here. Whoever runs the gateway can let the provider send it, or name another claim in OIDC_PERSON_CLAIM.`,
      );
    case 'ambiguous':
      return said(
        `More than one person of the policy is ${matched.shown}, so nobody could tell whose decision it was. An admin has to correct “people” in the policy file.`,
      );
  }
}
