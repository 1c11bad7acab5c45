/** Compression as the rest of the program sees it: raw deflate streams (RFC 1951), whatever code makes and reads them. */
export interface Codec {
  /**
   * Deflates `data` into `output` from its first byte on.
   * @returns the number of bytes written; undefined where the result does not fit
   */
  deflate(
    data: Uint8Array,
    output: Uint8Array,
    place: DeflatePlace,
  ): number | undefined;

  /**
   * The memory of this thread from which `deflate` takes a small file of this very size without a copy: it is read into it, and
   * there is room for a byte more. What turns out to have another size must be copied elsewhere before it is deflated. Good until
   * the next call. Undefined where there is none.
   */
  deflateMemory(bytes: number): Buffer | undefined;

  /** The number of bytes that `deflate` never exceeds for a chunk of this length. */
  deflateBound(bytes: number): number;

  /**
   * The memory of this thread from which `inflate` reads without a copy: data that are read into it are good until
   * `inflate` is given others. Undefined where there is none.
   */
  inputMemory(): Buffer | undefined;

  /**
   * Inflates a stream that lies in memory.
   * @throws {InflateError} when the data are broken or unfinished, or give more than `room.size` bytes
   */
  inflate(data: Uint8Array, room: InflateRoom): Inflated;

  /**
   * Inflates one stream that comes in pieces; neither the stream nor the result is ever held whole.
   * @param pieces read one after the other; the memory of one may serve the next
   * @param take sees the result piece by piece, in memory that is used again when it returns
   * @returns the number of bytes of the pieces that belong to the stream
   * @throws {InflateError} when the data are broken or unfinished · whatever `take` throws
   */
  inflatePieces(
    pieces: Iterable<Uint8Array>,
    take: (bytes: Uint8Array) => void,
  ): Promise<number>;
}

/** `own`: our own engine deflates and inflates what lies in memory, zlib does the rest. `zlib`: the zlib in Node does everything. */
export type CodecName = 'own' | 'zlib';

/** The place of some data in the archive; it decides how they are deflated. */
export type DeflatePlace =
  | {
      /** A small file: one stream. */
      readonly kind: 'file';
      readonly level: number;
    }
  | {
      /** A chunk of a large file, whose chunks together are one stream. */
      readonly kind: 'chunk';
      readonly level: number;
      /** The bytes of the file before the chunk: up to 32 KiB of them prime the window. */
      readonly before: Uint8Array;
      /** The last chunk ends the stream; every other ends with a sync flush. */
      readonly isLast: boolean;
    }
  | {
      /** A text that this program writes: one stream at the usual level. */
      readonly kind: 'text';
    };

/** The room for an inflated stream. */
export interface InflateRoom {
  /** The largest result. */
  readonly size: number;
  /** The data are only the beginning of a stream; the result is what they give. */
  readonly isBeginning?: boolean;
  /**
   * Memory of more than `size` bytes for the result, which may lie in the inflater's own as well: it is good until the next
   * call. Without it the result has memory of its own.
   */
  readonly memory?: Buffer | undefined;
}

export interface Inflated {
  readonly bytes: Buffer;
  /** The number of bytes of the data that follow the stream. */
  readonly unread: number;
}

/** Data that cannot be inflated; the message is that of the compression library. */
export class InflateError extends Error {
  constructor(
    /** `broken`: no deflate stream, or one without its end. `too long`: the result exceeds its room. */
    readonly fault: 'broken' | 'too long',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
