import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../../errors.js';
import {
  createEntryFile,
  Directories,
  type EntryFile,
  type EntryTarget,
} from './entry-files.js';
import { findEntryData, streamEntry } from '../zip/entry-stream.js';
import { ColumnTable, type EntryTable } from '../zip/entry-table.js';
import {
  checkLocalHeader,
  EntryDamage,
  inflateFaultOf,
} from '../zip/local-header.js';
import {
  type ReadProblem,
  type ReadResult,
  type ReadTask,
  toUnread,
  type UnreadEntry,
} from './read-tasks.js';
import { VolumeHandle } from './open-volume.js';
import { isReadFailure, readRange } from '../zip/source.js';
import { METHOD_STORED } from '../zip/zip-format.js';
import { inflateInto } from '../zip/zlib-handle.js';

const USUAL_RANGE_BYTES = 4 << 20;

let output = Buffer.alloc(0);

/** Reads the entries of tasks, one task after the other; what it keeps between them belongs to one run. */
export class TaskReader {
  readonly #directories = new Directories();
  readonly #volume = new VolumeHandle();
  #range = Buffer.alloc(0);

  /**
   * Inflates and checks a task's entries, and writes them where its rules say. Damaged ones are listed.
   * @throws {Error} the operating system's, unless the task is tolerant
   */
  async read(task: ReadTask): Promise<ReadResult> {
    const table = new ColumnTable(task.columns);
    const volume = basename(task.volumePath);
    const problems: ReadProblem[] = [];
    const unread: UnreadEntry[] = [];

    const target = task.rules && {
      rules: task.rules,
      directories: this.#directories,
    };

    const range = task.isLarge ? undefined : this.#readWhole(task);
    let bytes = 0;
    const offTimes: string[] = [];

    for (let index = 0; index < table.count; index++) {
      try {
        const own =
          range ??
          (task.isLarge ? undefined : this.#readOwn(task, table, index));
        const isTimeKept = own
          ? readSmall(own, table, index, target)
          : await readLarge(
              this.#volume.fdOf(task.volumePath),
              table,
              index,
              target,
            );

        if (!isTimeKept) offTimes.push(table.name(index));
        bytes += table.size(index);
      } catch (error) {
        const reason = damageOf(error);
        if (reason !== undefined) {
          problems.push({ volume, name: table.name(index), reason });
        } else if (task.isTolerant && isReadFailure(error)) {
          unread.push(toUnread(error, table.name(index)));
        } else {
          throw error;
        }
      }
    }

    return { entries: table.count, bytes, problems, unread, offTimes };
  }

  close(): void {
    this.#volume.close();
  }

  /** The bytes of all the task's entries; undefined where they cannot be read together, and the task is tolerant. */
  #readWhole(task: ReadTask): ReadRange | undefined {
    try {
      return this.#readRange(task.volumePath, task.startBytes, task.endBytes);
    } catch (error) {
      if (task.isTolerant && isReadFailure(error)) return undefined;
      throw error;
    }
  }

  #readOwn(
    { volumePath }: ReadTask,
    table: EntryTable,
    index: number,
  ): ReadRange {
    return this.#readRange(
      volumePath,
      table.headerOffset(index),
      table.extentEnd(index),
    );
  }

  /** In a buffer that the next read takes over. */
  #readRange(
    volumePath: string,
    startBytes: number,
    endBytes: number,
  ): ReadRange {
    const length = endBytes - startBytes;
    if (length > this.#range.length) {
      this.#range = Buffer.allocUnsafeSlow(Math.max(length, USUAL_RANGE_BYTES));
    }

    readRange(this.#volume.fdOf(volumePath), this.#range, startBytes, length);

    return { range: this.#range, startBytes };
  }
}

/** Bytes of a volume, and where they begin in it. */
interface ReadRange {
  readonly range: Buffer;
  readonly startBytes: number;
}

/** The reason where an entry is at fault; undefined where the target's file system is, which ends the run. */
function damageOf(error: unknown): string | undefined {
  if (error instanceof EntryDamage) return error.message;
  const fault = inflateFaultOf(error);
  if (fault !== undefined) return fault;
  const code = errnoOf(error);
  return code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR'
    ? 'another entry has its place'
    : undefined;
}

/** @returns false where it became a file that could not get its time */
function readSmall(
  { range, startBytes }: ReadRange,
  table: EntryTable,
  index: number,
  target: EntryTarget | undefined,
): boolean {
  const from = table.headerOffset(index) - startBytes;
  const entry = range.subarray(from, table.extentEnd(index) - startBytes);
  const dataStart = checkLocalHeader(entry, table, index);
  const dataEnd = dataStart + table.compressedSize(index);
  if (dataEnd > entry.length) {
    throw new EntryDamage('its data reach into the next entry');
  }

  const data = inflateExactly(entry.subarray(dataStart, dataEnd), table, index);
  if (crc32(data) !== table.crc(index)) {
    throw new EntryDamage('its checksum is wrong');
  }

  const file = target && createEntryFile(table, index, target);

  return file ? writeWhole(file, data) : true;
}

function writeWhole(file: EntryFile, data: Uint8Array): boolean {
  try {
    file.write(data);
  } catch (error) {
    file.abandon();
    throw error;
  }

  return file.finish();
}

/** What the entry holds, in a buffer that the next one takes over. */
function inflateExactly(
  compressed: Buffer,
  table: EntryTable,
  index: number,
): Buffer {
  const size = table.size(index);
  if (table.method(index) === METHOD_STORED) {
    if (compressed.length !== size) {
      throw new EntryDamage('it is stored, but its two sizes differ');
    }

    return compressed;
  }

  // One byte of room more shows data that go on.
  if (output.length < size + 1) {
    output = Buffer.allocUnsafeSlow(Math.max(size + 1, USUAL_RANGE_BYTES));
  }

  const { written, unread } = inflateInto(
    compressed,
    output.subarray(0, size + 1),
  );

  if (written > size) {
    throw new EntryDamage('it inflates to more than its declared size');
  }

  if (written !== size) {
    throw new EntryDamage(
      `it inflates to ${written} bytes, declared are ${size}`,
    );
  }

  if (unread > 0) throw new EntryDamage('bytes follow its compressed data');

  return output.subarray(0, size);
}

/** Streams one entry: neither it nor what it inflates to is ever held whole. */
async function readLarge(
  fd: number,
  table: EntryTable,
  index: number,
  target: EntryTarget | undefined,
): Promise<boolean> {
  const dataStart = findEntryData(fd, table, index);
  const file = target && createEntryFile(table, index, target);

  try {
    await streamEntry({ fd, dataStart, table, index }, (bytes) =>
      file?.write(bytes),
    );
  } catch (error) {
    file?.abandon();
    throw error;
  }

  return file?.finish() ?? true;
}
