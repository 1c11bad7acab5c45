import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.js';

/** Repeats calls that fail while another program has a file open. */

/** The first pause between two tries; each further pause is twice as long. */
const FIRST_PAUSE_MS = 20;
/** The time after which a file that another program holds is an error. */
export const PATIENCE_MS = 10_000;

/**
 * Says whether an error means that another program has the file open. On Linux that is EBUSY, from the share of a Windows
 * server. Windows itself also answers EPERM or EACCES, where the other program forbids renaming and removing, or where
 * the file is being removed.
 */
export function isHeldCode(code: string): boolean {
  return (
    code === 'EBUSY' ||
    (process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES'))
  );
}

/** Yields the pause before each further try, `totalMs` in all: 20, 40, 80, …. */
export function* pausesMs(totalMs: number): Generator<number> {
  let leftMs = totalMs;
  for (let pauseMs = FIRST_PAUSE_MS; leftMs > 0; pauseMs *= 2) {
    yield Math.min(pauseMs, leftMs);
    leftMs -= pauseMs;
  }
}

/**
 * Repeats a call for up to ten seconds while another program has the file open: virus scanners and indexers hold new files
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

/** Lets this thread wait, and do nothing else meanwhile. */
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
 * Repeats a call for up to `totalMs` while another program has the file open. This thread does other work between tries.
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
