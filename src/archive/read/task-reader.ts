import { errnoOf } from '../../errors.js';
import { isRemoteFailure } from '../../platform/system-error.js';
import { codec } from '../zip/codec.js';
import { EntryDamage, entryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import { openForPieces, readHeld, readPieces } from '../zip/read-entry.js';
import { tableOf } from '../zip/table-part.js';
import { VolumeHandle } from '../volume-handle.js';
import { isReadFailure, type RandomAccessSource } from '../zip/source.js';
import {
  createEntryFile,
  Directories,
  type EntryFile,
  type EntryTarget,
} from './entry-files.js';
import { GrowingBuffer } from './growing-buffer.js';
import {
  type ReadProblem,
  type ReadResult,
  type ReadTask,
  toUnread,
  type UnreadEntry,
} from './read-tasks.js';

/** Bytes of a volume, and their offset in it. */
interface ReadRange {
  readonly bytes: Buffer;
  readonly startBytes: number;
}

/** Reads the entries of tasks, one task after the other; what it keeps between them belongs to one run. */
export class TaskReader {
  readonly #directories = new Directories();
  readonly #volume = new VolumeHandle();
  readonly #rangeMemory = new GrowingBuffer();
  readonly #contentMemory = new GrowingBuffer();

  /**
   * Inflates and checks a task's entries, and writes them where its rules say. Damaged ones are listed.
   * @throws {Error} the operating system's, unless the task is tolerant
   */
  async read(task: ReadTask): Promise<ReadResult> {
    const table = tableOf(task.entries);
    const result = new TaskResult(task, table);

    const target = task.rules && {
      rules: task.rules,
      directories: this.#directories,
    };

    if (task.isLarge) await this.#readLargeOnes(task, result, target);
    else await this.#readSmallOnes(task, result, target);

    return result.toPlain();
  }

  close(): void {
    this.#volume.close();
  }

  async #readLargeOnes(
    task: ReadTask,
    result: TaskResult,
    target: EntryTarget | undefined,
  ): Promise<void> {
    const { table } = result;

    for (let index = 0; index < table.count; index++) {
      try {
        result.addRead(
          index,
          await this.#readLarge(task, table, index, target),
        );
      } catch (error) {
        result.addFault(index, error);
      }
    }
  }

  /** From the read to the last entry nothing is waited for: the memory belongs to the thread. */
  async #readSmallOnes(
    task: ReadTask,
    result: TaskResult,
    target: EntryTarget | undefined,
  ): Promise<void> {
    const { table } = result;
    const source = await this.#tryOpen(task, result);
    if (!source) return;

    await source.hold?.(task.startBytes, task.endBytes - task.startBytes);

    const range = this.#readTogether(source, task);

    for (let index = 0; index < table.count; index++) {
      try {
        const isTimeKept = this.#readSmall(
          range ?? this.#readAlone(source, table, index),
          table,
          index,
          target,
        );

        result.addRead(index, isTimeKept);
      } catch (error) {
        result.addFault(index, error);
      }
    }
  }

  /** The task's volume; undefined where it cannot be opened, which is the fault of every entry. */
  async #tryOpen(
    { volume }: ReadTask,
    result: TaskResult,
  ): Promise<RandomAccessSource | undefined> {
    try {
      return await this.#volume.open(volume);
    } catch (error) {
      if (!isReadFailure(error)) throw error;

      for (let index = 0; index < result.table.count; index++) {
        result.addFault(index, error);
      }

      return undefined;
    }
  }

  /** @returns false where the entry became a file that could not get its time */
  #readSmall(
    { bytes, startBytes }: ReadRange,
    table: EntryTable,
    index: number,
    target: EntryTarget | undefined,
  ): boolean {
    const held = bytes.subarray(
      table.headerOffset(index) - startBytes,
      table.extentEnd(index) - startBytes,
    );

    const content = readHeld(
      held,
      table,
      index,
      this.#contentMemory.atLeast(table.size(index) + 1),
    );

    const file = target && createEntryFile(table, index, target);

    return file ? writeWhole(file, content) : true;
  }

  /** Reads an entry piece by piece: neither it nor what it inflates to is ever held whole. */
  async #readLarge(
    { volume }: ReadTask,
    table: EntryTable,
    index: number,
    target: EntryTarget | undefined,
  ): Promise<boolean> {
    const source = await this.#volume.open(volume);
    const entry = openForPieces({ source, table, index });
    const file = target && createEntryFile(table, index, target);

    try {
      await readPieces(entry, (bytes) => file?.write(bytes));
    } catch (error) {
      file?.abandon();
      throw error;
    }

    return file?.finish() ?? true;
  }

  /** The bytes of all the task's entries; undefined where they cannot be read together: what is bad may lie between them. */
  #readTogether(
    source: RandomAccessSource,
    { startBytes, endBytes }: ReadTask,
  ): ReadRange | undefined {
    try {
      return this.#readRange(source, startBytes, endBytes);
    } catch (error) {
      if (isReadFailure(error) && !isRemoteFailure(error)) return undefined;

      throw error;
    }
  }

  #readAlone(
    source: RandomAccessSource,
    table: EntryTable,
    index: number,
  ): ReadRange {
    return this.#readRange(
      source,
      table.headerOffset(index),
      table.extentEnd(index),
    );
  }

  /** In memory that the next read takes over: the inflater's own, where that is large enough. */
  #readRange(
    source: RandomAccessSource,
    startBytes: number,
    endBytes: number,
  ): ReadRange {
    const length = endBytes - startBytes;
    const shared = codec.inputMemory();
    const bytes =
      shared && length <= shared.length
        ? shared
        : this.#rangeMemory.atLeast(length);
    source.readInto(bytes.subarray(0, length), startBytes);

    return { bytes, startBytes };
  }
}

/** The answer to a task, while its entries are read. */
class TaskResult {
  readonly #problems: ReadProblem[] = [];
  readonly #unread: UnreadEntry[] = [];
  readonly #offTimes: string[] = [];
  #bytes = 0;

  constructor(
    private readonly task: ReadTask,
    readonly table: EntryTable,
  ) {}

  addRead(index: number, isTimeKept: boolean): void {
    if (!isTimeKept) this.#offTimes.push(this.table.name(index));
    this.#bytes += this.table.size(index);
  }

  /** @throws {Error} what was given, where it ends the run */
  addFault(index: number, error: unknown): void {
    const { volume, isTolerant } = this.task;
    const name = this.table.name(index);
    const damage = toDamage(error);

    if (damage) {
      const { message: reason } = damage;
      this.#problems.push({ volume: volume.name, name, reason });
    } else if (isTolerant && isReadFailure(error) && !isRemoteFailure(error)) {
      this.#unread.push(toUnread(error, name));
    } else {
      throw error;
    }
  }

  toPlain(): ReadResult {
    return {
      entries: this.table.count,
      bytes: this.#bytes,
      problems: this.#problems,
      unread: this.#unread,
      offTimes: this.#offTimes,
    };
  }
}

const TAKEN_CODES: ReadonlySet<string | undefined> = new Set([
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
]);

/** The damage where an entry is at fault; undefined where the target's file system is, which ends the run. */
function toDamage(error: unknown): EntryDamage | undefined {
  if (error instanceof EntryDamage) return error;

  return TAKEN_CODES.has(errnoOf(error)) ? entryDamage.placeTaken() : undefined;
}

function writeWhole(file: EntryFile, content: Uint8Array): boolean {
  try {
    file.write(content);
  } catch (error) {
    file.abandon();
    throw error;
  }

  return file.finish();
}
