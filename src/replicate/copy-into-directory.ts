/** Copies an archive into a directory: each volume gets its name when it was read back, the first one last. */
import type { VolumeFileInfo } from '../archive/backup-directory.js';
import { formatTemporaryName } from '../archive/names.js';
import type { Storage, StorageWriter } from '../archive/storage.js';
import { FailedError } from '../errors.js';
import { readVolume, refuseOther } from './prove-source.js';
import type { ArchiveCopy } from './request.js';

/** A volume that is there already, with the right bytes, is not written again. */
export async function copyIntoDirectory(copy: ArchiveCopy): Promise<void> {
  const { volumes } = copy.state.facts.files;

  for (let number = volumes.length - 1; number >= 0; number--) {
    const file = volumes[number];
    if (!file) continue;

    await copyVolume(copy, number, file);
    // The other names are durable before the one that vouches for them.
    if (number <= 1) await copy.target.sync();
  }
}

async function copyVolume(
  copy: ArchiveCopy,
  number: number,
  file: VolumeFileInfo,
): Promise<void> {
  const { target, crcs, signal } = copy;
  const there = await target.stat(file.name);
  if (there) return refuseOtherCopy(copy, number, file);

  const storedAs = formatTemporaryName(copy.state.facts.files.stem, number);
  await target.remove(storedAs);

  try {
    const crc = await writeVolume(copy, file, storedAs);
    refuseOther(file, crc, crcs[number]);
    await readBack(copy, { ...file, storage: target, storedAs }, crc);
    await target.publish(storedAs, file.name, signal);
  } catch (error) {
    await target.remove(storedAs).catch(() => undefined);

    throw error;
  }
}

/** @throws {FailedError} where a file of that name holds anything else; it stays as it is */
async function refuseOtherCopy(
  { target, crcs, signal }: ArchiveCopy,
  number: number,
  file: VolumeFileInfo,
): Promise<void> {
  const copied = { ...file, storage: target, storedAs: file.name };
  if ((await readVolume(copied, signal)) === crcs[number]) return;

  throw new FailedError(
    `${target.pathOf(file.name)} does not hold what ${file.name} has`,
    {
      hints: [
        'Look at the health of that disk, and who else writes there. Move the file away, and it is copied anew.',
      ],
    },
  );
}

/** @returns CRC-32 of what was written */
async function writeVolume(
  { target, signal, onSent }: ArchiveCopy,
  file: VolumeFileInfo,
  storedAs: string,
): Promise<number> {
  const writer = target.create(storedAs);

  try {
    const crc = await readVolume(file, signal, (piece, offset) => {
      writePiece(writer, piece, offset);
      onSent(piece);
    });
    await writer.close();

    return crc;
  } catch (error) {
    writer.abandon();

    throw error;
  }
}

/** Dirty data is sent to the disk meanwhile, so that the last sync is short. */
function writePiece(
  writer: StorageWriter,
  piece: Buffer,
  offset: number,
): void {
  writer.write(piece, offset);
  if (offset % WRITE_BEHIND_BYTES === 0) writer.flush();
}

const WRITE_BEHIND_BYTES = 64 << 20;

async function readBack(
  { target, signal }: ArchiveCopy,
  file: VolumeFileInfo,
  crc: number,
): Promise<void> {
  if ((await readVolume(file, signal)) === crc) return;

  throw notAsCopied(target, file);
}

function notAsCopied(
  target: Storage,
  { storedAs, name }: VolumeFileInfo,
): Error {
  return new FailedError(
    `${target.pathOf(storedAs)} does not hold what was copied from ${name}`,
    {
      hints: [
        'Look at the health of that disk, its cable and its memory, or of the share.',
      ],
    },
  );
}
