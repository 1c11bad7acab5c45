import { crc32 } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { isMessagePath } from '../../store/message-file.js';
import { openPlace, type VolumePlace } from '../volume-handle.js';
import { entryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import type { EntryHeader } from '../zip/zip-format.js';
import type { ArchiveWriter } from './archive-writer.js';
import { faultOf, parseRecords } from './copy-tasks.js';
import type { PackRecord } from './pack-record.js';
import type { CopyFault, ProveTask, WrittenBlock } from './pack-tasks.js';

/** A large record of another archive, which a thread has proven. */
export interface ProvenRecord {
  readonly task: ProveTask;
  /** Its data, piece by piece. */
  readonly pieces: readonly WrittenBlock[];
}

/**
 * Copies a large record piece by piece; each must be what was proven.
 * @returns why it was not copied; the writer stands then where it stood before
 */
export async function copyLarge(
  { task, pieces }: ProvenRecord,
  writer: ArchiveWriter,
  record: PackRecord,
): Promise<CopyFault | undefined> {
  const header = headerOf(parseRecords(task.central));
  const name = Buffer.from(header.name).toString('utf8');
  const mark = writer.mark();
  const headerAt = writer.beginEntry(name, header.compressedBytes);
  const error = await copyPieces(task.volume, pieces, writer);

  if (error) {
    await writer.rewind(mark);

    return faultOf(name, error);
  }

  writer.endEntry(headerAt, header);
  writer.commit();
  record.add({
    files: 1,
    messages: isMessagePath(name) ? 1 : 0,
    sourceBytes: header.sizeBytes,
  });

  return undefined;
}

/**
 * Stops at the first piece that cannot be read or is not what was proven.
 * @returns the error of that piece
 * @throws {Error} when it cannot be written
 */
async function copyPieces(
  volume: VolumePlace,
  pieces: readonly WrittenBlock[],
  writer: ArchiveWriter,
): Promise<Error | undefined> {
  const source = await openPlace(volume).catch(toError);
  if (source instanceof Error) return source;

  try {
    for (const { offsetBytes, lengthBytes, crc } of pieces) {
      const bytes = await source.read(offsetBytes, lengthBytes).catch(toError);
      if (bytes instanceof Error) return bytes;
      if (crc32(bytes) !== crc) return entryDamage.wrongChecksum();

      writer.current.write(bytes, crc);
    }
  } finally {
    source.close();
  }

  return undefined;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}

/** The values of the headers that the record gets here, which are those that it has there. */
function headerOf(table: EntryTable): EntryHeader {
  return {
    name: Buffer.from(table.nameBytes(0)),
    method: table.method(0),
    crc: table.crc(0),
    sizeBytes: table.size(0),
    compressedBytes: table.compressedSize(0),
    mtimeTicks: table.mtimeTicks(0),
    mode: table.mode(0),
  };
}
