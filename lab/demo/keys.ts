/** Keys of a terminal; where there is none, nothing is ever pressed. */
export interface Keys {
  /** Resolves when somebody pressed Ctrl-C or q. */
  readonly quit: Promise<null>;
  stop(): void;
}

const CONTROL_C = '\u0003';

export function listenToKeys(pressed: { enter(): void; s(): void }, input: NodeJS.ReadStream = process.stdin): Keys {
  if (!input.isTTY) return { quit: new Promise(() => {}), stop: () => {} };
  let leave: (nothing: null) => void = () => {};
  const quit = new Promise<null>((resolve) => {
    leave = resolve;
  });
  const hear = (key: Buffer): void => {
    switch (key.toString('utf8').toLowerCase()) {
      case '\r':
      case '\n':
        pressed.enter();
        break;
      case 's':
        pressed.s();
        break;
      case 'q':
      case CONTROL_C:
        leave(null);
        break;
      default:
    }
  };
  input.setRawMode(true);
  input.resume();
  input.on('data', hear);
  return {
    quit,
    stop() {
      input.off('data', hear);
      input.setRawMode(false);
      input.pause();
    },
  };
}
