/**
 * Makes the index of an archive: a zip file that holds those bytes of its volumes in which something is found. Who has it asks the volumes
 * for mail alone.
 */
import { createHash } from 'node:crypto';
import { ticksOfMs } from '../../platform/file-times.js';
import { readArchiveFacts } from '../archive-facts.js';
import {
  type ArchiveFiles,
  openVolumeFile,
  type VolumeFileInfo,
} from '../backup-directory.js';
import { openVolume } from '../open-archive.js';
import { eachDeletedName, LIMIT_WITHOUT_BASE } from '../read/read-deleted.js';
import { findCentralDirectory } from '../zip/plain-central-directory.js';
import type { RandomAccessSource } from '../zip/source.js';
import {
  BLOCK_BYTES,
  formatIndexTable,
  type IndexedRange,
  TABLE_ENTRY,
} from './index-table.js';
import { Blocks, IndexZip } from './index-zip.js';
import { NotedReads, type Span } from './noted-reads.js';

/** What is read of a volume at a time: whole blocks. */
const PIECE_BYTES = 16 * BLOCK_BYTES;

/**
 * The index of an archive, piece by piece. No more of it is in memory than one volume's part.
 * @param files its volumes, which this program has written and proven, and which are at hand
 */
export async function* writeIndex(files: ArchiveFiles): AsyncGenerator<Buffer> {
  const writer = new IndexWriter(files);

  for (const file of files.volumes) yield* await writer.addDirectory(file);

  // What is read first of an archive lies near the end: all of it comes with the first request.
  yield* writer.addReads(readDeleted);
  yield* writer.addReads(readArchiveFacts);
  yield* writer.end();
}

async function readDeleted({ type, volumes }: ArchiveFiles): Promise<void> {
  const [file] = volumes;
  if (!file || type !== 'differential') return;

  // Where its list lies, its central directory tells, which is held.
  const { table } = await openVolume({ ...file, opener: undefined });
  await eachDeletedName({ file, table }, LIMIT_WITHOUT_BASE, () => undefined);
}

class IndexWriter {
  readonly #zip: IndexZip;
  readonly #digests = new Map<string, string>();
  readonly #ranges = new Map<string, IndexedRange[]>();

  constructor(private readonly files: ArchiveFiles) {
    this.#zip = new IndexZip(ticksOfMs(files.takenAt.getTime()));
  }

  /** @throws {Error} for a volume that this program does not write */
  async addDirectory(file: VolumeFileInfo): Promise<readonly Buffer[]> {
    const source = await openVolumeFile(file);

    try {
      const place = await findCentralDirectory(source);
      if (!place) throw new Error(`${file.name} is no volume of this program`);

      // The end record follows it.
      const span = { start: place.offset, end: source.sizeBytes };
      const hash = createHash('sha256');
      let left = place.length;

      const pieces = await this.#add(source, span, (piece) => {
        const bytes = piece.subarray(0, left);
        hash.update(bytes);
        left -= bytes.length;
      });

      this.#digests.set(file.name, hash.digest('hex'));

      return pieces;
    } finally {
      source.close();
    }
  }

  /** Adds all that a reader reads of the archive. */
  async *addReads(
    read: (files: ArchiveFiles) => Promise<unknown>,
  ): AsyncGenerator<Buffer> {
    const reads = new NotedReads();
    const volumes = this.files.volumes.map((file) => ({
      ...file,
      opener: reads,
    }));

    await read({ ...this.files, volumes });

    for (const file of this.files.volumes) {
      const source = await openVolumeFile(file);

      try {
        for (const span of reads.spansOf(file.name)) {
          if (this.#isWorthAdding(file.name, span)) {
            yield* await this.#add(source, span);
          }
        }
      } finally {
        source.close();
      }
    }
  }

  *end(): Generator<Buffer> {
    const volumes = this.files.volumes.map(({ name, sizeBytes }) => ({
      name,
      sizeBytes,
      digest: this.#digests.get(name) ?? '',
      ranges: this.#ranges.get(name) ?? [],
    }));

    const table = formatIndexTable({ stem: this.files.stem, volumes });
    const { pieces } = this.#zip.add(
      TABLE_ENTRY,
      new Blocks().addAll(Buffer.from(table), true),
    );

    yield* pieces;
    yield this.#zip.end();
  }

  /** Little that lies in the middle of a directory is held once more near the end. */
  #isWorthAdding(name: string, { start, end }: Span): boolean {
    const length = end - start;
    const isHeld = this.#ranges
      .get(name)
      ?.some(
        (range) =>
          range.offset <= start &&
          range.offset + range.length >= end &&
          (length > BLOCK_BYTES || range.length === length),
      );

    return isHeld !== true;
  }

  /** @param onPiece sees the bytes of the span */
  async #add(
    source: RandomAccessSource,
    { start, end }: Span,
    onPiece: (piece: Buffer) => void = () => undefined,
  ): Promise<readonly Buffer[]> {
    const blocks = new Blocks();

    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      const piece = await source.read(at, length);
      onPiece(piece);
      blocks.addAll(piece, at + length === end);
    }

    const { name } = source;
    const { pieces, at } = this.#zip.add(`${name}/${start}-${end}`, blocks);
    const range = {
      offset: start,
      length: end - start,
      at,
      packed: blocks.bytes.map(({ length }) => length),
      crcs: blocks.crcs,
    };

    // A reader takes the first that holds what it wants: a small one rather than a large one.
    this.#ranges.set(name, [range, ...(this.#ranges.get(name) ?? [])]);

    return pieces;
  }
}
