import { isReadFailure, type RandomAccessSource } from './source.js';

/** Reading on where a disk has bad sectors. */

/** A range of bytes of a volume: the first, and the one behind the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a disk reports of a place that it cannot read; a share that is gone is another matter. */
const BAD_PLACE: ReadonlySet<string | undefined> = new Set([
  'EIO',
  'ENODATA',
  'EREMOTEIO',
  'EBADMSG',
]);

/** Says whether a disk could not read a place, and perhaps all others. */
export function isBadPlace(error: unknown): boolean {
  return isReadFailure(error) && BAD_PLACE.has(error.code);
}

/** As little as today's disks and file systems lose at once. */
const BLOCK_BYTES = 4096;
/** Each may take a disk many seconds: a volume with more than 16 MiB of them is copied by other tools first. */
const MOST_BLOCKS = 4096;

/** A source in which everything that the disk cannot read is zeros. Its owner closes the source below. */
export class SkippingSource implements RandomAccessSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #bad = new Set<number>();

  constructor(private readonly source: RandomAccessSource) {
    this.name = source.name;
    this.sizeBytes = source.sizeBytes;
  }

  /** What could not be read so far, in order. */
  get unreadable(): ByteRange[] {
    const ranges: { start: number; end: number }[] = [];

    for (const block of [...this.#bad].sort((a, b) => a - b)) {
      const start = block * BLOCK_BYTES;
      const end = Math.min(start + BLOCK_BYTES, this.sizeBytes);
      const last = ranges.at(-1);

      if (last?.end === start) last.end = end;
      else ranges.push({ start, end });
    }

    return ranges;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const block = Math.floor(offset / BLOCK_BYTES);
    const blockEnd = (block + 1) * BLOCK_BYTES;
    const end = offset + length;
    const isOneBlock = end <= blockEnd;
    if (isOneBlock && this.#bad.has(block)) return Buffer.alloc(length);

    try {
      return await this.source.read(offset, length);
    } catch (error) {
      if (!isBadPlace(error)) throw error;

      if (isOneBlock) {
        if (this.#bad.size === MOST_BLOCKS) throw error;

        this.#bad.add(block);
        return Buffer.alloc(length);
      }
    }

    const blocks = Math.ceil((end - blockEnd) / BLOCK_BYTES);
    const half = Math.floor(blocks / 2);
    const middle = blockEnd + half * BLOCK_BYTES;

    const before = await this.read(offset, middle - offset);
    const behind = await this.read(middle, end - middle);

    return Buffer.concat([before, behind]);
  }

  readInto(into: Uint8Array, offset: number): void {
    this.source.readInto(into, offset);
  }

  close(): void {
    this.source.close();
  }
}
