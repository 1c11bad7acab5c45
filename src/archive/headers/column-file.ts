/**
 * A file of columns in a storage: one object of JSON, and behind it the bytes of each column, which are read when they are
 * asked for. Everything has its CRC-32.
 */
import { crc32 } from 'node:zlib';
import { isJsonObject } from '../../platform/own-file.js';
import type { Storage, StorageWriter } from '../storage.js';
import type { RandomAccessSource } from '../zip/source.js';

/** Says what the file is, and which byte of a number comes first. */
const MAGIC = 0x4b4d_5348;
/** The magic number, then the length and the checksum of the JSON. */
const FRONT_BYTES = 12;
const LONGEST_HEAD_BYTES = 256 << 20;
/** Numbers of up to eight bytes begin at multiples of it. */
const ALIGNMENT = 8;
const PIECE_BYTES = 4 << 20;

/** The place of a column's bytes behind the JSON. */
interface ColumnPlace {
  readonly at: number;
  readonly bytes: number;
  readonly crc: number;
}

/** The file is cut off, of another kind, or not what its checksums say. */
export class BrokenFile extends Error {}

/** A file of columns that is open. */
export class ColumnFile {
  private constructor(
    private readonly source: RandomAccessSource,
    readonly head: Readonly<Record<string, unknown>>,
    private readonly start: number,
  ) {}

  /** @throws {BrokenFile} · {Error} the operating system's */
  static async open(storage: Storage, name: string): Promise<ColumnFile> {
    const source = await storage.openForRanges(name);

    try {
      const { head, end } = await readFront(source);

      return new ColumnFile(source, head, aligned(end));
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** The bytes of a column, of this length. @throws {BrokenFile} */
  async read(name: string, expectedBytes?: number): Promise<Buffer> {
    const { at, bytes, crc } = this.#find(name);
    if (bytes === 0 && (expectedBytes ?? 0) === 0) return Buffer.alloc(0);

    const isPossible =
      bytes === (expectedBytes ?? bytes) &&
      this.start + at + bytes <= this.source.sizeBytes;

    if (!isPossible) throw new BrokenFile(`${name} has another length`);

    const content = await this.source.read(this.start + at, bytes);
    if (crc32(content) !== crc) throw new BrokenFile(`${name} is not whole`);

    return content;
  }

  close(): void {
    this.source.close();
  }

  #find(name: string): ColumnPlace {
    const columns = this.head['columns'];
    const place = isJsonObject(columns) ? columns[name] : undefined;
    if (!isJsonObject(place)) throw new BrokenFile(`${name} is missing`);

    const { at, bytes, crc } = place;
    const isPlace = [at, bytes, crc].every(
      (number) => Number.isSafeInteger(number) && (number as number) >= 0,
    );

    if (!isPlace) throw new BrokenFile(`${name} lies nowhere`);

    return { at, bytes, crc } as ColumnPlace;
  }
}

async function readFront(
  source: RandomAccessSource,
): Promise<{ head: Readonly<Record<string, unknown>>; end: number }> {
  if (source.sizeBytes < FRONT_BYTES) throw new BrokenFile('it is cut off');

  const front = await source.read(0, FRONT_BYTES);
  const [magic, length = 0, crc] = new Uint32Array(
    front.buffer,
    front.byteOffset,
    3,
  );

  const end = FRONT_BYTES + length;
  const isPossible =
    magic === MAGIC && length <= LONGEST_HEAD_BYTES && end <= source.sizeBytes;

  if (!isPossible) throw new BrokenFile('it is another kind of file');

  const text = await source.read(FRONT_BYTES, length);
  if (crc32(text) !== crc) throw new BrokenFile('its front is not whole');

  return { head: parseHead(text), end };
}

function parseHead(text: Buffer): Readonly<Record<string, unknown>> {
  const head = JSON.parse(text.toString('utf8')) as unknown;
  if (!isJsonObject(head)) throw new BrokenFile('its front says nothing');

  return head;
}

/** The content of a file of columns. */
export interface ColumnContent {
  readonly head: Readonly<Record<string, unknown>>;
  readonly columns: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a file of columns under a name that nothing has, and makes it durable.
 * @throws {Error} the operating system's, or the signal's reason; what was written is for the caller to remove
 */
export async function writeColumns(
  storage: Storage,
  name: string,
  { head, columns }: ColumnContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const places: Record<string, ColumnPlace> = {};
  let at = 0;

  for (const [column, bytes] of columns) {
    places[column] = { at, bytes: bytes.length, crc: crc32(bytes) };
    at = aligned(at + bytes.length);
  }

  const text = Buffer.from(JSON.stringify({ ...head, columns: places }));
  const front = new Uint32Array([MAGIC, text.length, crc32(text)]);
  const start = aligned(FRONT_BYTES + text.length);
  const writer = storage.create(name);

  try {
    writer.write(new Uint8Array(front.buffer), 0);
    writer.write(text, FRONT_BYTES);
    for (const [column, bytes] of columns) {
      await writeBytes(
        writer,
        bytes,
        start + (places[column]?.at ?? 0),
        signal,
      );
    }
  } catch (error) {
    writer.abandon();
    throw error;
  }

  await writer.close();
}

async function writeBytes(
  writer: StorageWriter,
  bytes: Uint8Array,
  position: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
    // A signal is heard between two pieces.
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    writer.write(bytes.subarray(done, done + PIECE_BYTES), position + done);
  }
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
