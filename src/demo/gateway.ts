import { runGateway } from '../gateway/run.ts';
import { mountSignIn } from './sign-in.ts';

// The demo's gateway: the product's own, and the one-time sign-in that exists nowhere else.
const folder = process.env.DEMO_SIGN_IN_FOLDER;
if (folder === undefined || folder === '')
  throw new Error('DEMO_SIGN_IN_FOLDER is missing. Start the demo with npm start.');
await runGateway((app, webConsole) => mountSignIn(app, webConsole, folder));
