// `npm start`: packages first, then the demo (lab/demo). Plain JavaScript, because nothing else may be there yet.
import { ensureInstalled } from './ensure-installed.mjs';

try {
  await ensureInstalled((line) => console.log(`· ${line}`));
  const { register } = await import('tsx/esm/api');
  register();
  const { runDemo } = await import('../lab/demo/main.ts');
  await runDemo(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
