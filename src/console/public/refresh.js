// The list of incidents, looked at again every few seconds while somebody looks at it.
import { refresh } from './exchange.js';

const EVERY_MS = 3_000;

setInterval(() => {
  if (document.visibilityState === 'visible') refresh();
}, EVERY_MS);
