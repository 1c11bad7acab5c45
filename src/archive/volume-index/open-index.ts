/** An index that is open: it gives the bytes of the volumes that it holds. */
import { crc32 } from 'node:zlib';
import { DamagedArchiveError } from '../../errors.js';
import { largeBuffer } from '../../platform/large-buffer.js';
import { readText } from '../read/read-text.js';
import { codec } from '../zip/codec.js';
import { findEntry } from '../zip/find-entry.js';
import type { RandomAccessSource } from '../zip/source.js';
import {
  BLOCK_BYTES,
  type IndexedRange,
  type IndexedVolume,
  parseIndexTable,
  TABLE_ENTRY,
} from './index-table.js';

/** What is compared at a time: whole blocks. */
const PIECE_BYTES = 64 * BLOCK_BYTES;
/** That of two million messages. */
const LONGEST_HELD_BYTES = 64 << 20;

/** The blocks of a range that hold what is wanted, next to each other in the index. */
interface BlockRun {
  readonly range: IndexedRange;
  readonly first: number;
  /** The last block's number, and one. */
  readonly end: number;
  /** In the index. */
  readonly at: number;
  readonly length: number;
}

export class OpenIndex {
  readonly #volumes: ReadonlyMap<string, IndexedVolume>;
  #held: Buffer | undefined;

  private constructor(
    readonly source: RandomAccessSource,
    readonly volumes: readonly IndexedVolume[],
  ) {
    this.#volumes = new Map(volumes.map((volume) => [volume.name, volume]));
  }

  /** @throws {DamagedArchiveError} when it is no index of this archive, or damaged · {Error} when it cannot be read */
  static async of(
    source: RandomAccessSource,
    stem: string,
  ): Promise<OpenIndex> {
    const entry = await findEntry(source, TABLE_ENTRY);
    const text = entry && (await readText(source, entry, 0));
    const table =
      text === undefined ? undefined : parseTable(text, source.sizeBytes);

    if (!table) {
      throw new DamagedArchiveError(`${source.name} is no index of an archive`);
    }

    if (table.stem !== stem) {
      throw new DamagedArchiveError(
        `${source.name} is the index of ${table.stem}`,
      );
    }

    return new OpenIndex(source, table.volumes);
  }

  /** Reads all of it once, where memory has room for it: from then on nothing is asked of the source. */
  async hold(): Promise<void> {
    const { sizeBytes } = this.source;
    if (this.#held || sizeBytes > LONGEST_HELD_BYTES) return;

    this.#held = await this.source.read(0, sizeBytes);
  }

  volume(name: string): IndexedVolume | undefined {
    return this.#volumes.get(name);
  }

  /**
   * Bytes of a volume; undefined where it does not hold all of them.
   * @throws {DamagedArchiveError} when they are damaged · {Error} when they cannot be read
   */
  async read(
    name: string,
    offset: number,
    length: number,
  ): Promise<Buffer | undefined> {
    const run = this.#find(name, offset, length);
    if (!run) return undefined;

    const into = largeBuffer(length);
    const packed =
      this.#heldOf(run) ?? (await this.source.read(run.at, run.length));
    this.#unpack(run, packed, into, offset);

    return into;
  }

  /** The same in this thread. @returns false where it does not hold them */
  readInto(name: string, into: Uint8Array, offset: number): boolean {
    const run = this.#find(name, offset, into.length);
    if (!run) return false;

    const packed = this.#heldOf(run) ?? this.#readNow(run);
    this.#unpack(run, packed, into, offset);

    return true;
  }

  /**
   * Compares all that it holds of a volume with the volume.
   * @returns about where it has other bytes
   * @throws {DamagedArchiveError} when it is damaged · {Error} when it or the volume cannot be read
   */
  async findFalseByte(volume: RandomAccessSource): Promise<number | undefined> {
    const { name } = volume;

    for (const { offset, length } of this.#volumes.get(name)?.ranges ?? []) {
      for (let done = 0; done < length; done += PIECE_BYTES) {
        const at = offset + done;
        const bytes = Math.min(PIECE_BYTES, length - done);
        const held = await this.read(name, at, bytes);
        const own = await volume.read(at, bytes);
        if (held?.equals(own) !== true) return at;
      }
    }

    return undefined;
  }

  #heldOf({ at, length }: BlockRun): Buffer | undefined {
    return this.#held?.subarray(at, at + length);
  }

  #readNow({ at, length }: BlockRun): Buffer {
    const packed = Buffer.allocUnsafe(length);
    this.source.readInto(packed, at);

    return packed;
  }

  #find(name: string, offset: number, length: number): BlockRun | undefined {
    const volume = this.#volumes.get(name);

    return volume && findRun(volume, offset, length);
  }

  /** Inflates block after block, and takes from each what is wanted. */
  #unpack(
    { range, first, end }: BlockRun,
    packed: Buffer,
    into: Uint8Array,
    offset: number,
  ): void {
    let at = 0;

    for (let number = first; number < end; number++) {
      const packedEnd = at + (range.packed[number] ?? 0);
      const block = this.#inflate(
        range,
        number,
        packed.subarray(at, packedEnd),
      );
      const start = range.offset + number * BLOCK_BYTES - offset;

      into.set(
        block.subarray(Math.max(0, -start), into.length - start),
        Math.max(0, start),
      );
      at = packedEnd;
    }
  }

  #inflate(range: IndexedRange, number: number, packed: Buffer): Buffer {
    const size = Math.min(BLOCK_BYTES, range.length - number * BLOCK_BYTES);

    try {
      // The stream goes on in the next block.
      const { bytes } = codec.inflate(packed, { size, isBeginning: true });
      if (bytes.length === size && crc32(bytes) === range.crcs[number]) {
        return bytes;
      }
    } catch (error) {
      throw this.#damaged(error);
    }

    throw this.#damaged();
  }

  #damaged(cause?: unknown): Error {
    return new DamagedArchiveError(`${this.source.name} is damaged`, {
      cause,
    });
  }
}

function parseTable(
  text: string,
  indexBytes: number,
): ReturnType<typeof parseIndexTable> {
  try {
    return parseIndexTable(JSON.parse(text), indexBytes);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;

    throw error;
  }
}

function findRun(
  { ranges }: IndexedVolume,
  offset: number,
  length: number,
): BlockRun | undefined {
  const range = ranges.find(
    (own) => own.offset <= offset && own.offset + own.length >= offset + length,
  );
  if (!range || length === 0) return undefined;

  const first = Math.floor((offset - range.offset) / BLOCK_BYTES);
  const end = Math.ceil((offset + length - range.offset) / BLOCK_BYTES);

  return {
    range,
    first,
    end,
    at: range.at + sumOf(range.packed.slice(0, first)),
    length: sumOf(range.packed.slice(first, end)),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
