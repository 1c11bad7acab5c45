import type { ArchiveFacts } from '../archive/archive-facts.js';
import type { ArchiveWriter } from '../archive/write/archive-writer.js';
import type {
  ArchiveFiles,
  VolumeFileInfo,
} from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import { checkStructure } from '../archive/check-structure.js';
import { describeLost } from '../archive/damage.js';
import { HiddenNames, readDeleted } from '../archive/hidden-names.js';
import { formatVolumeName, parseVolumeName } from '../archive/names.js';
import { limitOfNames } from '../archive/read/read-deleted.js';
import { readArchive } from '../archive/verify.js';
import { DamagedArchiveError, FailedError, messageOf } from '../errors.js';
import { collectGarbage } from '../platform/collect-garbage.js';
import { checkWithBase } from './check-with-base.js';
import type { IndexedFull } from './index-full.js';
import { type OpenRun, READING_BACK } from './open-run.js';

/** A full of so many entries is looked through while the threads read back; the proof of more needs their memory. */
const ENTRIES_BESIDE = 300_000;

/**
 * Proves an archive that has no name yet: its bytes are those that were written, and its structure is one that can be recovered.
 * @returns what it says of itself, with its files under their temporary names
 * @throws {KmsError} naming what does not hold what was written, or the entry that a recover would refuse
 */
export async function proveArchive(run: OpenRun): Promise<ArchiveFacts> {
  const { writer, packer, base } = run;

  const entries = writer.entries + (base?.index.size ?? 0);

  if (base || entries > ENTRIES_BESIDE) {
    await readBack(run);
    await packer.close();
    // What packing left of many goes before the archive's own directories come.
    if (entries > ENTRIES_BESIDE) await collectGarbage();

    return proveRecoverable(writer, base);
  }

  const reading = readBack(run);
  const proving = proveRecoverable(writer, base);
  // Whatever fails, nobody has a file open when it is removed.
  await Promise.allSettled([reading, proving]);
  await reading;

  return proving;
}

async function readBack({ request, packer, writer }: OpenRun): Promise<void> {
  if (!request.readsBack) return;

  const { files } = packer.counts;
  const totalBytes = writer.sizeBytes;
  let doneBytes = 0;

  const tell = (bytes: number): void => {
    doneBytes += bytes;

    request.onProgress?.({
      phase: 'reading back',
      doneItems: files,
      totalItems: files,
      doneBytes,
      totalBytes,
      span: READING_BACK,
    });
  };

  tell(0);
  await packer.readBack(tell);
}

/**
 * Asks of an archive that has no name yet what a recover asks before it reads any data: its volumes are opened as they lie
 * on the disk, a differential's with its base. What nobody could recover is not published, and pushes nothing out.
 * @param base the full that a differential is measured against
 * @returns what it says of itself, with its files under their temporary names
 * @throws {FailedError} naming the entry that a recover would refuse
 */
async function proveRecoverable(
  writer: ArchiveWriter,
  base: IndexedFull | undefined,
): Promise<ArchiveFacts> {
  try {
    const files = await filesOf(writer);
    const written = await readArchive(files);
    const { archive, facts } = written;
    if (facts.fault !== undefined) throw new DamagedArchiveError(facts.fault);

    const [lost] = archive.lost;
    if (lost) throw new DamagedArchiveError(describeLost(lost));

    const [problem] = checkStructure(archive, facts).problems;
    if (problem) {
      throw new DamagedArchiveError(`${problem.name}: ${problem.reason}`);
    }

    if (base) {
      const { files: full, index } = base;
      const limit = limitOfNames(full, index.nameTotals);
      const counted = { files: full, volumes: [] };
      const deleted = await readDeleted(written, counted, limit);

      await checkWithBase(base, archive, new HiddenNames(written, deleted));
    }

    return facts;
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error;

    throw new FailedError(
      `what was written could not be recovered: ${messageOf(error)}`,
      {
        hints: [
          'Nothing was published and nothing removed; earlier archives are untouched.',
          'Run the backup again. If it ends so again, report it with this message.',
        ],
        cause: error,
      },
    );
  }
}

/** The volumes under their temporary names, as the listing of a storage would have them. */
async function filesOf({
  storage,
  stem,
  volumes,
  sizeBytes,
}: ArchiveWriter): Promise<ArchiveFiles> {
  const parsed = parseVolumeName(formatVolumeName(stem, 0));
  if (!parsed) throw new Error(`${stem} is no archive's name`);

  const files = await Promise.all(
    volumes.map(({ storedAs }, index) =>
      findVolume(storage, storedAs, formatVolumeName(stem, index)),
    ),
  );

  return {
    stem,
    type: parsed.type,
    takenAt: parsed.takenAt,
    volumes: files,
    missingVolumes: [],
    sizeBytes,
  };
}

async function findVolume(
  storage: Storage,
  storedAs: string,
  name: string,
): Promise<VolumeFileInfo> {
  const file = await storage.stat(storedAs);
  if (!file) {
    throw new DamagedArchiveError(`${storage.pathOf(storedAs)} is gone`);
  }

  const { sizeBytes, mtimeMs } = file;

  return {
    storage,
    storedAs,
    name,
    sizeBytes,
    mtimeMs,
  };
}
