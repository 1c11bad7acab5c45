import { messageOf } from '../../errors.js';
import { addNote } from '../../platform/run-notes.js';

/** Tidies up: what cannot be done now the next run does, and a warning says so. */
export async function leaveToNextRun(
  bucketName: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const text = `what the run left over in ${bucketName} goes with the next one: ${messageOf(error)}`;
    addNote({ kind: 'warning', key: `tidy ${bucketName}`, text });
  }
}
