/** Somebody says that the loss of mail which a backup found is right. */
import { acknowledgeMassLoss } from '../archive/mass-loss-record.js';
import type { Storage } from '../archive/storage.js';
import { addNote } from '../platform/run-notes.js';

/** What came of it is a note of the run. @throws {Error} where it cannot be written down */
export async function acknowledge(storage: Storage): Promise<void> {
  const loss = await acknowledgeMassLoss(storage);
  const text = loss
    ? `the loss of mail that ${loss.archive} found is acknowledged: ${loss.keeps.join(' and ')} may be removed by the next rotation`
    : 'no loss of mail is waiting to be acknowledged';

  addNote({ kind: 'remark', key: 'acknowledge', text });
}
