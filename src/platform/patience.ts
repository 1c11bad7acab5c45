import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.js';

/** The first pause between two tries; each is twice as long as the one before. */
const FIRST_PAUSE_MS = 20;
/** How long another program may hold a file before that is an error. */
export const PATIENCE_MS = 10_000;

/**
 * Whether an error code says that another program has the file: EBUSY, as a share of a Windows server says it on Linux too. Windows itself also
 * says EPERM or EACCES, where the other program lets nobody rename or remove, or the file is being removed.
 */
export function isHeldCode(code: string): boolean {
  return (
    code === 'EBUSY' ||
    (process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES'))
  );
}

/** How long to wait before each further try, `totalMs` in all: 20, 40, 80, …. */
export function* pausesMs(totalMs: number): Generator<number> {
  let leftMs = totalMs;
  for (let pauseMs = FIRST_PAUSE_MS; leftMs > 0; pauseMs *= 2) {
    yield Math.min(pauseMs, leftMs);
    leftMs -= pauseMs;
  }
}

/**
 * Does what fails while another program has a file open, again for ten seconds: virus scanners and indexers hold new files
 * for a moment. This thread does nothing else meanwhile.
 * @throws {Error} the operating system's, of the last try
 */
export function patiently(work: () => void): void {
  for (const pauseMs of pausesMs(PATIENCE_MS)) {
    try {
      work();
      return;
    } catch (error) {
      if (!isHeldCode(errnoOf(error) ?? '')) throw error;
    }

    waitMs(pauseMs);
  }

  work();
}

/** Waits; this thread does nothing else meanwhile. */
export function waitMs(pauseMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
}

/** Renames a file or directory that other programs may hold for a moment. @throws {Error} the operating system's */
export function renamePatiently(from: string, to: string): void {
  patiently(() => {
    renameSync(from, to);
  });
}

/**
 * The same for `totalMs`, where the thread has other things to do.
 * @throws {Error} the operating system's, of the last try, or the signal's reason
 */
export async function patientlyFor(
  totalMs: number,
  work: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const pauseMs of pausesMs(totalMs)) {
    try {
      work();
      return;
    } catch (error) {
      if (!isHeldCode(errnoOf(error) ?? '')) throw error;
    }

    await pause(pauseMs, signal);
  }

  work();
}

/** Waits for `pauseMs`. @throws {Error} the signal's reason as soon as it aborts */
export async function pause(
  pauseMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await sleep(pauseMs, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
