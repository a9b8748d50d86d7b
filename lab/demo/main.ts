import { claimRun, endStale } from '../embedded/run-state.ts';
import { createDemo, type Demo } from './demo.ts';
import { beginIncident } from './incident.ts';
import { type Keys, listenToKeys } from './keys.ts';
import { followNews } from './news.ts';
import { demoOptions, USAGE } from './options.ts';
import { endLeftovers, placesOf, readOrNull, wipe } from './places.ts';
import { createScreen, type Screen } from './screen.ts';
import { summaryOf } from './summary.ts';

const FIRST_INCIDENT_AFTER_MS = 20_000;

/** `npm start`: everything on this machine, an incident in it, until somebody stops it. Sets the exit code. */
export async function runDemo(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const screen = createScreen((text) => void process.stdout.write(text));
  const interrupted = listenToSignals(screen);
  let demo: Demo | null = null;
  let release: (() => void) | null = null;
  let keys: Keys | null = null;
  try {
    const options = demoOptions(args);
    if (options === 'help') return void process.stdout.write(USAGE);
    const places = placesOf(env);
    const other = await endStale(places.runFile);
    if (other.kind === 'running') {
      screen.say(
        `It already runs${addressOf(places.stateFile)} (process ${other.ownerPid}). Use that, or stop it first: kill -INT ${other.ownerPid}`,
      );
      return;
    }
    release = await claimRun(places.runFile, 'npm start');
    await endLeftovers(places, screen.say);
    if (options.fresh) wipe(places);
    let giveUp: (why: string) => void = () => {};
    const gaveUp = new Promise<string>((resolve) => {
      giveUp = resolve;
    });
    demo = await createDemo({
      places,
      env,
      speed: options.speed,
      screen,
      interrupted: interrupted.asked,
      gaveUp: giveUp,
    });
    screen.summary(summaryOf(demo, options.incident));
    keys = await play(demo, options.incident, screen);
    const why = await Promise.race([interrupted.happened, gaveUp, keys.quit]);
    if (why !== null) {
      screen.say(`${why} Everything is stopped; the logs are in ${places.log('*')}.`);
      process.exitCode = 1;
    }
  } catch (error) {
    if (!interrupted.asked()) {
      process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  } finally {
    keys?.stop();
    if (demo !== null) {
      await demo.stop();
      screen.say('Stopped. The incidents are kept for the next npm start (--fresh forgets them).');
    }
    release?.();
    interrupted.stop();
  }
}

/** The incident, the keys, and what the terminal is told. */
async function play(demo: Demo, incident: boolean, screen: Screen): Promise<Keys> {
  const begin = (): void => {
    const control = demo.controlUrl();
    if (control === null) return;
    beginIncident(control).then(
      (outcome) =>
        screen.say(
          outcome.begun
            ? 'Deploying “feature X” to the simulated production. Watch it go wrong.'
            : `Not now: ${outcome.because}.`,
        ),
      (error: Error) => screen.say(`The incident could not begin: ${error.message}`),
    );
  };
  const timer = incident && demo.controlUrl() !== null ? setTimeout(begin, FIRST_INCIDENT_AFTER_MS) : null;
  const news = demo.viewer === null ? null : followNews({ url: demo.url, token: demo.viewer.token }, screen.say);
  const keys = listenToKeys({
    enter() {
      if (timer !== null) clearTimeout(timer);
      begin();
    },
    s() {
      const link = demo.signInLink();
      if (link !== null) screen.say(`Sign in once with ${link}`);
    },
  });
  return {
    quit: keys.quit,
    stop() {
      if (timer !== null) clearTimeout(timer);
      news?.stop();
      keys.stop();
    },
  };
}

interface Interruption {
  readonly happened: Promise<null>;
  asked(): boolean;
  stop(): void;
}

/** A second signal soon after the first is the same Ctrl-C, forwarded by npm; a later one loses patience. */
const SAME_SIGNAL_MS = 2_000;

function listenToSignals(screen: Screen): Interruption {
  let firstAtMs: number | null = null;
  let tell: (nothing: null) => void = () => {};
  const happened = new Promise<null>((resolve) => {
    tell = resolve;
  });
  const hear = (): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      process.stdout.write('\n');
      screen.say('Stopping …');
      tell(null);
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      // The leashes of the started processes end them when this process is gone.
      process.exit(130);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, hear);
  return {
    happened,
    asked: () => firstAtMs !== null,
    stop() {
      for (const signal of signals) process.off(signal, hear);
    },
  };
}

function addressOf(stateFile: string): string {
  const text = readOrNull(stateFile);
  const url = text === null ? null : (JSON.parse(text) as { url?: string }).url;
  return url === undefined || url === null ? '' : ` at ${url}`;
}
