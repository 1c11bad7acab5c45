import type { ArchiveState } from '../archive/archive-state.js';
import type { VolumeFileInfo } from '../archive/backup-directory.js';
import { isReadFailure } from '../archive/zip/source.js';
import { DamagedArchiveError, KmsError, messageOf } from '../errors.js';
import { ticksOfMs } from '../platform/file-times.js';
import type { NoReuse, ReusableArchives } from './reuse-base.js';
import { type ChosenRecords, ReuseChoice } from './reuse-choice.js';
import { readVolume } from './reuse-volume.js';

/** The records of a volume that a full copies. */
export interface ReusedVolume extends ChosenRecords {
  readonly file: VolumeFileInfo;
  /** The digest of its central directory when they were chosen. */
  readonly digest: string;
  /** The archive's name without its ending. */
  readonly stem: string;
}

/** What a full copies out of older archives. */
export interface PlannedReuse {
  /** Only volumes of which something is copied. */
  readonly volumes: readonly ReusedVolume[];
  /** How many fulls in a row, up to this one, hold what was copied. */
  readonly depth: number;
  readonly choice: ReuseChoice;
}

/**
 * Chooses what is copied, by the central directories of the archives alone. Where one of them cannot be read or is broken nothing is
 * copied.
 * @param choice knows the files of the store
 */
export async function planReuse(
  found: ReusableArchives,
  choice: ReuseChoice,
): Promise<PlannedReuse | NoReuse> {
  const volumes: ReusedVolume[] = [];

  for (const state of found.archives) {
    try {
      volumes.push(...(await chooseOf(state, choice)));
    } catch (error) {
      // A full that reads everything is better than none, whether the disk answers again tomorrow or not.
      if (!(error instanceof KmsError) && !isReadFailure(error)) throw error;

      const reason = `${state.facts.files.stem}.zip cannot be used: ${messageOf(error)}`;

      return { reason, isFault: true };
    }
  }

  if (volumes.length === 0) {
    return { reason: 'nothing is unchanged', isFault: false };
  }

  return { volumes, depth: found.depth, choice };
}

async function chooseOf(
  { facts: { files, summary } }: ArchiveState,
  choice: ReuseChoice,
): Promise<ReusedVolume[]> {
  const takenAtTicks = ticksOfMs(files.takenAt.getTime());
  const volumes: ReusedVolume[] = [];

  for (const [number, file] of files.volumes.entries()) {
    const volume = await readVolume(file);
    refuseOtherVolume(file, volume.digest, summary?.volumeDigests[number]);

    const chosen = choice.choose(volume, takenAtTicks);
    if (chosen.files === 0) continue;

    volumes.push({ ...chosen, file, digest: volume.digest, stem: files.stem });
  }

  return volumes;
}

/** @throws {DamagedArchiveError} for a volume that the archive was not written with */
function refuseOtherVolume(
  file: VolumeFileInfo,
  digest: string,
  expected: string | undefined,
): void {
  if (expected === undefined || expected === '' || expected === digest) return;

  throw new DamagedArchiveError(
    `${file.name} is not the volume that its archive was written with`,
  );
}
