import type { Catalogue } from '../archive/backup-directory.js';
import { toEntryDamage } from '../archive/damage.js';
import {
  recordable,
  recordVerified,
  type VerifiedEntry,
} from '../archive/verified-record.js';
import type { CopyRecord } from '../archive/write/copy-record.js';
import { messageOf } from '../errors.js';
import { stemOf } from './reuse-report.js';

/**
 * An archive in which damage showed while it was copied out of counts no more: rotation must not remove another on the strength of it.
 * @param catalogue as it was before the run's own archive was published
 * @param ownStem that archive's name
 * @returns a warning where that could not be recorded
 */
export async function recordDamage(
  { storage, archives }: Catalogue,
  ownStem: string,
  { faults }: CopyRecord,
  at: Date,
): Promise<string[]> {
  const damaged = faults.filter(({ isDamage }) => isDamage);
  const found = new Map<string, VerifiedEntry>();

  for (const files of archives) {
    const { stem, sizeBytes } = files;
    const own = damaged.filter(({ volume }) => stemOf(volume) === stem);
    if (own.length === 0) continue;

    found.set(stem, {
      at: at.toISOString(),
      isSound: false,
      sizeBytes,
      damage: recordable(files, toEntryDamage(stem, own)),
    });
  }

  if (found.size === 0) return [];

  try {
    const present = archives.map(({ stem }) => stem);
    await recordVerified(storage, found, new Set([...present, ownStem]));

    return [];
  } catch (error) {
    return [
      `that ${[...found.keys()].join(', ')} is damaged could not be recorded: ${messageOf(error)}`,
    ];
  }
}
