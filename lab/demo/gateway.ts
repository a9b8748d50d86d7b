import { runGateway } from '../../src/gateway/run.ts';
import { mountBeginning } from './incident.ts';
import { mountSignIn, whyNoSignIn } from './sign-in.ts';

// The demo's gateway: the product's own, with the one-time sign-in and the incident on demand, which exist nowhere else.
const { DEMO_SIGN_IN_FOLDER: folder, DEMO_CONTROL_FILE: controlFile } = process.env;
if (!controlFile) throw new Error('DEMO_CONTROL_FILE is missing. Start the demo with npm start.');
const why = whyNoSignIn(process.env);
if (folder && why !== null)
  throw new Error(
    `The demo’s sign-in is not served: ${why}. Start src/gateway/main.ts, where nobody is let in by a link.`,
  );
await runGateway((app, webConsole) => {
  if (folder) mountSignIn(app, webConsole, folder);
  mountBeginning(app, controlFile);
});
