import { runGateway } from '../gateway/run.ts';
import { mountBeginning } from './incident.ts';
import { mountSignIn } from './sign-in.ts';

// The demo's gateway: the product's own, with the one-time sign-in and the incident on demand, which exist nowhere else.
const { DEMO_SIGN_IN_FOLDER: folder, DEMO_CONTROL_FILE: controlFile } = process.env;
if (!folder || !controlFile)
  throw new Error('DEMO_SIGN_IN_FOLDER or DEMO_CONTROL_FILE is missing. Start the demo with npm start.');
await runGateway((app, webConsole) => {
  mountSignIn(app, webConsole, folder);
  mountBeginning(app, controlFile);
});
