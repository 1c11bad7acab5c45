/** A restart of the mail server that was killed in the middle, as whatever runs next says it. */
import { errnoOf, FailedError, KmsError } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { addNote } from '../platform/run-notes.js';
import { findRunningEngine } from '../server/engine.js';
import type { Installation } from '../server/installation.js';
import {
  describeStopped,
  findLeftStopped,
  forgetStopped,
  holdRestart,
  leftStoppedWarning,
  readStopped,
} from '../server/restart-mark.js';

/** What to warn of; what it left is forgotten where somebody has started the server since. */
export async function tellLeftStopped(
  installation: Installation,
  clock: Clock,
): Promise<string[]> {
  if (!readStopped(installation)) return [];

  const text = await leftStoppedWarning(installation, clock);
  if (text !== undefined) return [text];

  await forgetIfRunning(installation, clock);

  return [];
}

/** The same as the end of a run that had nothing else to do. */
export async function leftStoppedError(
  installation: Installation,
  clock: Clock,
): Promise<FailedError | undefined> {
  const stopped = await findLeftStopped(installation, clock);
  if (!stopped) return undefined;

  const { fact, advice } = describeStopped(installation, stopped);

  return new FailedError(fact, { hints: [advice] });
}

/** The same as a note of the run. */
export async function warnOfLeftStopped(
  installation: Installation,
  clock: Clock,
): Promise<void> {
  for (const text of await tellLeftStopped(installation, clock)) {
    addNote({ kind: 'warning', key: 'left-stopped', text });
  }
}

/** Under the lock: the record may be that of a run which stops the server just now. */
async function forgetIfRunning(
  installation: Installation,
  clock: Clock,
): Promise<void> {
  try {
    const lock = await holdRestart(installation, 'sweep', clock);

    try {
      if (await findRunningEngine(installation)) forgetStopped(installation);
    } finally {
      lock.release();
    }
  } catch (error) {
    // Whoever restarts the server forgets it, or the next one who may write there.
    if (!(error instanceof KmsError) && errnoOf(error) === undefined) {
      throw error;
    }
  }
}
