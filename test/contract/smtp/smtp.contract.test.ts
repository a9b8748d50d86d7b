import { missingProgram } from '../servers.ts';
import { contract, type Part } from '../suite.ts';
import { CONNECTION_CASES } from './connection-cases.ts';
import { DELIVERY_CASES } from './delivery-cases.ts';
import { EXIM, startExim } from './exim.ts';
import { type MailStage, makeCertificate, startSimulated } from './stage.ts';

// R4.5, R4.6, R6.1, R0.8: mail to customers, escalations and invitations leaves through one SMTP server. The same cases
// run against the simulated server and a real Exim.
const simulator: Part<MailStage> = {
  name: 'simulator',
  missing: missingProgram('openssl', 'version'),
  start: () => startSimulated(makeCertificate()),
  stop: (stage) => stage.stop(),
};
const real: Part<MailStage> = {
  name: 'real',
  missing: missingProgram(EXIM) ?? missingProgram('openssl', 'version'),
  start: () => startExim(makeCertificate()),
  stop: (stage) => stage.stop(),
};

contract<MailStage>('SMTP', [simulator, real], [...DELIVERY_CASES, ...CONNECTION_CASES]);
