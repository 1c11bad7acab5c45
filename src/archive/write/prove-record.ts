import { crc32 } from 'node:zlib';
import { openPlace } from '../volume-handle.js';
import { openForPieces, readPieces } from '../zip/read-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import { faultOf, parseRecords } from './copy-tasks.js';
import type { ProveResult, ProveTask, WrittenBlock } from './pack-tasks.js';

/**
 * Inflates a large record of another archive and compares its checksum. Only then it is copied: the checksums of the pieces that
 * were read say whether the same is read again.
 */
export async function proveRecord(task: ProveTask): Promise<ProveResult> {
  const table = parseRecords(task.central);
  const pieces: WrittenBlock[] = [];
  let source: RandomAccessSource | undefined;

  try {
    source = await openPlace(task.volume);

    const entry = openForPieces({ source, table, index: 0 });
    const watched = { ...entry, source: noteReads(source, pieces) };
    await readPieces(watched, () => undefined);

    return { kind: 'prove', pieces, fault: undefined };
  } catch (error) {
    return { kind: 'prove', pieces: [], fault: faultOf(table.name(0), error) };
  } finally {
    source?.close();
  }
}

/** The same source, which notes place and checksum of all that is read into memory of the reader. */
function noteReads(
  source: RandomAccessSource,
  pieces: WrittenBlock[],
): RandomAccessSource {
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    read: (offset, length) => source.read(offset, length),
    readInto: (into, offset) => {
      source.readInto(into, offset);
      pieces.push({
        offsetBytes: offset,
        lengthBytes: into.length,
        crc: crc32(into),
      });
    },
    close: () => {
      source.close();
    },
  };
}
