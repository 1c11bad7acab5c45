import { endsEarly, type RandomAccessSource } from '../archive/zip/source.js';
import { DamagedArchiveError } from '../errors.js';
import { largeBuffer } from '../platform/large-buffer.js';
import {
  CHUNK_BYTES,
  chunksIn,
  openChunk,
  plainBytesOf,
  SEALED_CHUNK_BYTES,
} from './payload.js';

/** The chunks of a sealed file, and what opens them: plain data, for any thread. */
export interface Payload {
  readonly key: Uint8Array;
  /** The byte of the sealed file at which its chunks begin. */
  readonly startBytes: number;
}

/** What is read at a time of longer ranges: of a network as much as makes few requests. */
const AWAITED_CHUNKS = 128;
/** What is read at a time by a thread that does not wait, into memory that stays. */
const PIECE_CHUNKS = 16;

/** Bytes of a sealed source that are not what was sealed. */
export interface ChangedBytes {
  readonly start: number;
  readonly end: number;
}

/**
 * Told of changed bytes, which are read as zeros then: what was sealed nobody knows, and what is there in its place nobody is given. Where it
 * is undefined, reading them fails.
 */
export type OnChanged = ((changed: ChangedBytes) => void) | undefined;

/**
 * Opens the plain bytes of a sealed source, which is closed with them. The last chunk is opened at once: it proves how long the file is.
 * @throws {DamagedArchiveError} where the end is not what was sealed
 */
export async function unseal(
  sealed: RandomAccessSource,
  payload: Payload,
  onChanged?: OnChanged,
): Promise<RandomAccessSource> {
  const { offset, length } = lastChunkOf(sealed, payload);
  const last = await sealed.read(offset, length);

  return new UnsealedSource(sealed, payload, last, onChanged);
}

/** The same without waiting, of a source that can be read so. */
export function unsealAtOnce(
  sealed: RandomAccessSource,
  payload: Payload,
  onChanged?: OnChanged,
): RandomAccessSource {
  const { offset, length } = lastChunkOf(sealed, payload);
  const last = Buffer.allocUnsafe(length);
  sealed.readInto(last, offset);

  return new UnsealedSource(sealed, payload, last, onChanged);
}

function lastChunkOf(
  { name, sizeBytes }: RandomAccessSource,
  { startBytes }: Payload,
): { readonly offset: number; readonly length: number } {
  const sealedBytes = sizeBytes - startBytes;
  if (plainBytesOf(sealedBytes) === undefined) {
    throw new DamagedArchiveError(
      `${name} was cut off or added to: no sealed file is ${sizeBytes} bytes long`,
    );
  }

  const before = (chunksIn(sealedBytes) - 1) * SEALED_CHUNK_BYTES;

  return { offset: startBytes + before, length: sealedBytes - before };
}

/** A range of whole chunks, as it lies in the sealed file. */
interface ChunkRange {
  readonly first: number;
  readonly offset: number;
  readonly length: number;
}

class UnsealedSource implements RandomAccessSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #lastNumber: number;
  /** The last chunk proves how long the file is, and holds what is read first: the end record of a volume. */
  readonly #last: Buffer;
  /** What `readInto` reads sealed bytes into. */
  #memory: Buffer | undefined;

  constructor(
    private readonly sealed: RandomAccessSource,
    private readonly payload: Payload,
    last: Buffer,
    private readonly onChanged: OnChanged,
  ) {
    const sealedBytes = sealed.sizeBytes - payload.startBytes;
    this.name = sealed.name;
    this.sizeBytes = plainBytesOf(sealedBytes) ?? 0;
    this.#lastNumber = chunksIn(sealedBytes) - 1;

    const opened = this.#tryOpen(this.#lastNumber, last);
    if (!opened) throw this.#notAsSealed(this.#lastNumber);

    this.#last = opened;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const into = largeBuffer(length);

    for (const range of this.#rangesOf(offset, length, AWAITED_CHUNKS)) {
      const bytes = await this.sealed.read(range.offset, range.length);
      this.#openInto(into, offset, range, bytes);
    }

    return this.#withLast(into, offset);
  }

  readInto(into: Uint8Array, offset: number): void {
    for (const range of this.#rangesOf(offset, into.length, PIECE_CHUNKS)) {
      this.#memory ??= Buffer.allocUnsafeSlow(
        PIECE_CHUNKS * SEALED_CHUNK_BYTES,
      );
      const bytes = this.#memory.subarray(0, range.length);
      this.sealed.readInto(bytes, range.offset);
      this.#openInto(into, offset, range, bytes);
    }

    this.#withLast(into, offset);
  }

  /** What one range of plain bytes lies in is one range of the sealed file. */
  async hold(offset: number, length: number): Promise<void> {
    if (offset + length > this.sizeBytes) return;

    const most = Math.ceil(length / CHUNK_BYTES) + 1;

    for (const range of this.#rangesOf(offset, length, most)) {
      await this.sealed.hold?.(range.offset, range.length);
    }
  }

  close(): void {
    this.sealed.close();
  }

  /** The chunks of a range of plain bytes, in pieces; without the last chunk, which is at hand. */
  *#rangesOf(
    offset: number,
    length: number,
    most: number,
  ): Generator<ChunkRange> {
    if (offset + length > this.sizeBytes) {
      throw endsEarly(this.sizeBytes, offset + length);
    }

    const behind = Math.ceil((offset + length) / CHUNK_BYTES);
    const end = length === 0 ? 0 : Math.min(behind, this.#lastNumber);
    let first = Math.floor(offset / CHUNK_BYTES);

    while (first < end) {
      const next = Math.min(first + most, end);

      yield {
        first,
        offset: this.payload.startBytes + first * SEALED_CHUNK_BYTES,
        length: (next - first) * SEALED_CHUNK_BYTES,
      };

      first = next;
    }
  }

  /** Opens the chunks of a range into a buffer that begins at `offset` of the plain bytes. */
  #openInto(
    into: Uint8Array,
    offset: number,
    { first, length }: ChunkRange,
    sealed: Buffer,
  ): void {
    for (let at = 0; at < length; at += SEALED_CHUNK_BYTES) {
      const number = first + at / SEALED_CHUNK_BYTES;
      const chunk = sealed.subarray(at, at + SEALED_CHUNK_BYTES);

      copyChunk(this.#open(number, chunk), number, into, offset);
    }
  }

  #withLast<T extends Uint8Array>(into: T, offset: number): T {
    const number = this.#lastNumber;
    const end = offset + into.length;
    if (end > number * CHUNK_BYTES) {
      copyChunk(this.#last, number, into, offset);
    }

    return into;
  }

  /** @throws {DamagedArchiveError} where it was changed, and nobody is told of that */
  #open(number: number, sealed: Uint8Array): Buffer {
    const opened = this.#tryOpen(number, sealed);
    if (opened) return opened;
    if (!this.onChanged) throw this.#notAsSealed(number);

    this.onChanged(this.#rangeOf(number));

    return Buffer.alloc(CHUNK_BYTES);
  }

  #tryOpen(number: number, sealed: Uint8Array): Buffer | undefined {
    const place = { number, isLast: number === this.#lastNumber };

    try {
      return openChunk(this.payload.key, place, sealed);
    } catch {
      return undefined;
    }
  }

  #rangeOf(number: number): ChangedBytes {
    const start = number * CHUNK_BYTES;

    return { start, end: Math.min(start + CHUNK_BYTES, this.sizeBytes) };
  }

  #notAsSealed(number: number): DamagedArchiveError {
    const { start, end } = this.#rangeOf(number);

    return new DamagedArchiveError(
      `${this.name}: bytes ${start} to ${end} are not what was sealed`,
    );
  }
}

/** Copies what a buffer, which begins at `offset` of the file, holds of a chunk. */
function copyChunk(
  plain: Buffer,
  number: number,
  into: Uint8Array,
  offset: number,
): void {
  const chunkAt = number * CHUNK_BYTES;
  const from = Math.max(chunkAt, offset);
  const to = Math.min(chunkAt + plain.length, offset + into.length);

  into.set(plain.subarray(from - chunkAt, to - chunkAt), from - offset);
}
