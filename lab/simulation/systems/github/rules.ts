import type { WireResponse } from '../../wire/exchange.ts';

/**
 * What GitHub documents about requests, as data: the simulator refuses what breaks one of these, with GitHub's own
 * status and words. `source` is the page, `readOn` the day on which its statement was taken over.
 */
export interface DocumentedRule {
  readonly id: string;
  readonly says: string;
  readonly status: number;
  readonly source: string;
  readonly readOn: string;
}

const REST = 'https://docs.github.com/en/rest';

export const GITHUB_RULES = {
  credentials: {
    id: 'credentials',
    says: 'Bad credentials',
    status: 401,
    source: `${REST}/authentication/authenticating-to-the-rest-api#failed-login-limit`,
    readOn: '2026-11-25',
  },
  userAgent: {
    id: 'user-agent',
    says: 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
    status: 403,
    source: `${REST}/using-the-rest-api/getting-started-with-the-rest-api#user-agent`,
    readOn: '2026-11-25',
  },
  apiVersion: {
    id: 'api-version',
    says: 'Unsupported API version',
    status: 400,
    source: `${REST}/about-the-rest-api/api-versions`,
    readOn: '2026-11-25',
  },
  resource: {
    id: 'resource',
    says: 'Not Found',
    status: 404,
    source: `${REST}/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource`,
    readOn: '2026-11-25',
  },
  rights: {
    id: 'rights',
    says: 'Resource not accessible by personal access token',
    status: 403,
    source: `${REST}/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible`,
    readOn: '2026-11-25',
  },
  validation: {
    id: 'validation',
    says: 'Validation Failed',
    status: 422,
    source: `${REST}/using-the-rest-api/troubleshooting-the-rest-api#validation-failed`,
    readOn: '2026-11-25',
  },
  mergeSha: {
    id: 'merge-sha',
    says: 'Head branch was modified. Review and try the merge again.',
    status: 409,
    source: `${REST}/pulls/pulls#merge-a-pull-request`,
    readOn: '2026-11-25',
  },
  notMergeable: {
    id: 'not-mergeable',
    says: 'Pull Request is not mergeable',
    status: 405,
    source: `${REST}/pulls/pulls#merge-a-pull-request`,
    readOn: '2026-11-25',
  },
  mergeInProgress: {
    id: 'merge-in-progress',
    says: 'Merge already in progress',
    status: 405,
    source: `${REST}/pulls/pulls#merge-a-pull-request`,
    readOn: '2026-11-25',
  },
  rateLimit: {
    id: 'rate-limit',
    says: 'API rate limit exceeded for user ID 1.',
    status: 403,
    source: `${REST}/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit`,
    readOn: '2026-11-25',
  },
} as const satisfies Record<string, DocumentedRule>;

/** `per_page` above this is taken as this; the versions that are served today. */
export const GITHUB_LIMITS = {
  perPage: 100,
  perPageDefault: 30,
  versions: ['2022-11-28', '2026-03-10'],
  requestsAnHour: 5_000,
  bodyCharacters: 65_536,
  titleCharacters: 256,
} as const;

export interface Answers {
  refuse(rule: DocumentedRule, more?: Readonly<Record<string, unknown>>): WireResponse;
  iso(ms: number): string;
}

export const ANSWERS: Answers = {
  refuse: (rule, more = {}) => ({
    status: rule.status,
    body: { message: rule.says, documentation_url: rule.source, status: String(rule.status), ...more },
  }),
  iso: (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`,
};
