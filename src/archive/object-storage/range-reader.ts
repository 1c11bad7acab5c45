/** Reads ranges of objects: few requests, several at a time, and what was read a moment ago not again. */
import { monotonicMs } from '../../platform/clock.js';
import { isRemoteFailure } from '../../platform/system-error.js';
import { endsEarly } from '../zip/source.js';
import type { Bucket } from './bucket.js';
import { toReadFailure } from './read-failure.js';

/** One content of an object. */
export interface ObjectVersion {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** A range of bytes of an object: the first, and the one behind the last. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface HeldSpan extends Span {
  readonly version: string;
  readonly bytes: Buffer;
}

/** Whoever reads the end of a volume reads its central directory next: that of a few thousand messages lies here. */
const TAIL_BYTES = 256 << 10;
/** A request takes as long as these bytes. */
const LEAST_BYTES = 64 << 10;
const PIECE_BYTES = 8 << 20;
const PIECES_AT_ONCE = 4;
/** What is held of all objects, and the longest range that is. */
const HELD_BYTES = 16 << 20;
const LONGEST_HELD_BYTES = 8 << 20;
/** After all its tries have failed, a server is left alone for so long. */
const DOWN_MS = 30_000;

export class RangeReader {
  /** The one that was used last at the end. */
  readonly #held: HeldSpan[] = [];
  /** The last failure of the server itself. */
  #down: { readonly failure: Error; readonly untilMs: number } | undefined;

  constructor(private readonly bucket: Pick<Bucket, 'store' | 'pathOf'>) {}

  /**
   * Exactly these bytes; nobody may write into them.
   * @throws {Error} as one of the operating system, where the object is another one now, or cannot be read
   */
  async read(
    object: ObjectVersion,
    offset: number,
    length: number,
  ): Promise<Buffer> {
    const end = offset + length;
    if (end > object.sizeBytes) throw endsEarly(object.sizeBytes, end);
    if (length === 0) return Buffer.alloc(0);

    return (
      this.find(object, offset, length) ?? this.#fetch(object, offset, end)
    );
  }

  /** The bytes from `start` to `end`, and nothing of them is held. @throws {Error} as `read` does */
  async fetch(
    object: ObjectVersion,
    start: number,
    end: number,
  ): Promise<Buffer> {
    return this.#request(object, { start, end });
  }

  /** Reads what can be held until it is read at once. What fails here fails there. */
  async hold(
    object: ObjectVersion,
    offset: number,
    length: number,
  ): Promise<void> {
    if (length > LONGEST_HELD_BYTES) return;

    await this.read(object, offset, length).catch(() => undefined);
  }

  /** The bytes where they are held; undefined otherwise. */
  find(
    object: ObjectVersion,
    offset: number,
    length: number,
  ): Buffer | undefined {
    const held = this.#holding(object, offset, offset + length);
    if (!held) return undefined;

    const from = offset - held.start;

    return held.bytes.subarray(from, from + length);
  }

  #holding(
    object: ObjectVersion,
    start: number,
    end: number,
  ): HeldSpan | undefined {
    const version = versionOf(object);
    const place = this.#held.findLastIndex(
      (held) =>
        held.version === version && held.start <= start && held.end >= end,
    );
    const [held] = place < 0 ? [] : this.#held.splice(place, 1);
    if (held) this.#held.push(held);

    return held;
  }

  async #fetch(
    object: ObjectVersion,
    offset: number,
    end: number,
  ): Promise<Buffer> {
    const asked = widen(object, offset, end);
    // The end of a central directory came with the end record.
    const behind = this.#holding(object, end - 1, end);
    const isHalfHeld = behind !== undefined && behind.end >= asked.end;
    const span = isHalfHeld ? { ...asked, end: behind.start } : asked;

    const fetched = await this.#request(object, span);
    const bytes = isHalfHeld ? Buffer.concat([fetched, behind.bytes]) : fetched;

    this.#hold(object, asked.start, bytes);

    return bytes.subarray(offset - asked.start, end - asked.start);
  }

  #hold(object: ObjectVersion, start: number, bytes: Buffer): void {
    if (bytes.length > LONGEST_HELD_BYTES) return;

    const version = versionOf(object);
    this.#held.push({ version, start, end: start + bytes.length, bytes });

    let sum = this.#held.reduce((all, span) => all + span.bytes.length, 0);
    while (sum > HELD_BYTES) sum -= this.#held.shift()?.bytes.length ?? 0;
  }

  /** One request, or several pieces at a time. */
  async #request(object: ObjectVersion, { start, end }: Span): Promise<Buffer> {
    if (end - start <= PIECE_BYTES) {
      return this.#requestPiece(object, { start, end });
    }

    const whole = Buffer.allocUnsafeSlow(end - start);
    let next = start;

    const lane = async (): Promise<void> => {
      while (next < end) {
        const piece = { start: next, end: Math.min(next + PIECE_BYTES, end) };
        next = piece.end;
        whole.set(await this.#requestPiece(object, piece), piece.start - start);
      }
    };

    await Promise.all(Array.from({ length: PIECES_AT_ONCE }, lane));

    return whole;
  }

  async #requestPiece(
    { key, etag }: ObjectVersion,
    { start, end }: Span,
  ): Promise<Buffer> {
    this.#refuseWhileDown();

    try {
      const store = await this.bucket.store();
      const { bytes } = await store.get(key, {
        range: { offset: start, length: end - start },
        ifMatch: etag,
      });

      if (bytes.length === end - start) return bytes;

      throw endsEarly(start + bytes.length, end);
    } catch (error) {
      const failure = toReadFailure(error, this.bucket.pathOf(key));
      if (isRemoteFailure(failure)) this.#noteDown(failure as Error);

      throw failure;
    }
  }

  #noteDown(failure: Error): void {
    this.#down = { failure, untilMs: monotonicMs() + DOWN_MS };
  }

  /** Each of a thousand entries would wait as long as the first. */
  #refuseWhileDown(): void {
    if (this.#down && monotonicMs() < this.#down.untilMs) {
      throw this.#down.failure;
    }
  }
}

/** The range that is asked for: the last one whole, and not less than a request is worth. */
function widen({ sizeBytes }: ObjectVersion, start: number, end: number): Span {
  const tail = Math.max(0, sizeBytes - TAIL_BYTES);
  if (start >= tail) return { start: tail, end: sizeBytes };

  return {
    start,
    end: Math.min(Math.max(end, start + LEAST_BYTES), sizeBytes),
  };
}

const versionOf = ({ key, etag }: ObjectVersion): string => `${key} ${etag}`;
