import type { MailPort } from '../activities/publication/ports.ts';
import type { Clock } from '../config/clock.ts';
import type { Store } from '../store/store.ts';

export interface StatusMailsOptions {
  readonly store: Store;
  readonly mail: MailPort;
  readonly clock: Clock;
  readonly from: string;
  /** Where the public reads the page: links of mails begin with it. */
  readonly pageUrl: string;
  readonly warn: (words: string) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 5_000;
const AT_ONCE = 100;

/** Sends what subscribers of the status page are owed. Any number of workers share the list; each mail goes out once. */
export function startStatusMails(options: StatusMailsOptions): { stop(): Promise<void>; round(): Promise<number> } {
  const { store, mail, clock, from, warn } = options;
  const base = options.pageUrl.replace(/\/+$/, '');
  let running: Promise<unknown> = Promise.resolve();

  const round = (): Promise<number> =>
    store.statusBoard.sendDue(
      async ({ key, recipient, subject, body }) => {
        const text = body.replace(/(^|\s)(\/(?:confirm|unsubscribe|incidents)[^\s]*)/g, `$1${base}$2`);
        const { rejected } = await mail.send({
          key: `status-page/${key}`,
          from,
          to: [recipient],
          subject,
          text,
          html: `<p>${escaped(text).replaceAll('\n\n', '</p><p>').replaceAll('\n', '<br>')}</p>`,
          calendar: null,
        });
        if (rejected.length > 0) throw new Error(`${recipient} was refused`);
      },
      clock(),
      AT_ONCE,
    );

  const timer = setInterval(() => {
    running = running.then(round).catch((error: Error) => warn(`Mails of the status page: ${error.message}`));
  }, options.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    round,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
