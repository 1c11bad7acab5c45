import { ExitCode, InterruptedError, type StopSignal } from '../errors.js';

/** On Windows Ctrl+Break and a console that is closed stop a run too; elsewhere `nohup` must be able to keep it from a hangup. */
const MEANINGS: Readonly<Partial<Record<NodeJS.Signals, StopSignal>>> = {
  SIGINT: 'SIGINT',
  SIGTERM: 'SIGTERM',
  ...(process.platform === 'win32'
    ? { SIGBREAK: 'SIGINT', SIGHUP: 'SIGTERM' }
    : {}),
};

let listener: ((signal: StopSignal) => void) | undefined;
let isListening = false;

/**
 * Tells `take` of every signal that asks to stop, until the returned function is called. After that the work is done, and a
 * signal only cuts off what is still being printed.
 */
export function onStopSignal(take: (signal: StopSignal) => void): () => void {
  listener = take;

  // Once, and for good: what started the program answers signals only as long as nobody else does (bin/interrupt.js).
  if (!isListening) {
    for (const [name, signal] of Object.entries(MEANINGS)) {
      process.on(name, () => {
        dispatch(signal);
      });
    }
  }

  isListening = true;

  return () => {
    listener = undefined;
  };
}

function dispatch(signal: StopSignal): void {
  if (listener) {
    listener(signal);
    return;
  }

  const { message } = new InterruptedError(
    signal,
    'the work was done, what it printed may be cut off',
  );

  process.stderr.write(`Error: ${message}\n`);
  exitNow(signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated);
}

/** Ends the program where it stands: only where nothing is left to be put away. */
export function exitNow(code: ExitCode): never {
  // eslint-disable-next-line no-restricted-properties -- what runs may not come back for a while, and nothing waits for it
  process.exit(code);
}
