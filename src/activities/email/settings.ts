import { address, secret, system, text } from '../system.ts';

export const email = system({
  name: 'E-mail',
  settings: {
    BOUNCES_TOKEN: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning:
        'What your mail server sends as bearer credentials with each report of a mail to a customer that came back (`POST /webhooks/bounces`, R4.5).',
      secret: true,
    },
    SMTP_URL: {
      readBy: ['worker'],
      schema: address('smtp:', 'smtps:').optional(),
      meaning:
        'Mail server, smtp:// (port 587) or smtps:// (465), with user and password when it wants them; they are sent over TLS only, unless it is this machine or ?requireTLS=false says otherwise.',
      secret: true,
    },
    SMTP_CA_FILE: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'The mail server’s certificate authority, when its certificate is not signed by a public one.',
    },
  },
});
