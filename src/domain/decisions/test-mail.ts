import { decision } from '../deciding/declare.ts';
import { APPROVE } from '../deciding/roles.ts';

const TESTS_OF_ONE_MAIL = 20;

/** Sends whoever asks the very mail that waits for approval, before anybody else gets it (R4.5). */
export const testMail = decision({
  name: 'test-mail',
  order: 90,
  verb: 'Test the customer mail',
  about: 'Send yourself the mail to customers that waits for approval, and nobody else.',
  roles: APPROVE,
  fields: {},
  example: {},
  possible(state) {
    const mail = state.customerMails?.at(-1);
    if (mail === undefined) return 'No mail to customers is prepared; it is when a P0 has been resolved.';
    return mail.testsAsked.length < TESTS_OF_ONE_MAIL ? null : `It was tested ${TESTS_OF_ONE_MAIL} times already.`;
  },
  decide: (state) => ({
    facts: [{ kind: 'customer-mail-test-asked', edition: state.customerMails?.at(-1)?.edition ?? '' }],
    effect: 'It is on its way to your own address.',
  }),
});
