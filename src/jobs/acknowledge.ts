/** Somebody says that the loss of mail which a backup found is right. */
import {
  acknowledgeMassLoss,
  type MassLossRecord,
} from '../archive/mass-loss-record.js';
import type { Storage } from '../archive/storage.js';
import { systemClock } from '../platform/clock.js';
import { addNote } from '../platform/run-notes.js';

/** What came of it is a note of the run. @throws {Error} where it cannot be written down */
export async function acknowledge(storage: Storage): Promise<void> {
  const loss = await acknowledgeMassLoss(storage, systemClock());

  addNote({ kind: 'remark', key: 'acknowledge', text: describe(loss) });
}

function describe(loss: MassLossRecord | 'junk' | undefined): string {
  if (!loss) return 'no loss of mail is waiting to be acknowledged';
  if (loss === 'junk') {
    return 'the record of lost mail, which nobody could understand, is begun anew: rotations remove archives again';
  }

  const { archive, keeps } = loss;

  return `the loss of mail that ${archive} found is acknowledged: ${keeps.join(' and ')} may be removed by the next rotation`;
}
