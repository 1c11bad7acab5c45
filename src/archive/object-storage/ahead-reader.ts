/** Reads on where an object is read from one end to the other: a distant server is waited for once, not for each range. */
import type { ObjectVersion } from './range-reader.js';

/** What reads ranges of objects, each with requests of its own. */
export interface Ranges {
  read(object: ObjectVersion, offset: number, length: number): Promise<Buffer>;
  /** The same, and nothing of it is kept. */
  fetch(object: ObjectVersion, start: number, end: number): Promise<Buffer>;
}

/** What goes from end to end reads so much at a time. */
const LONG_BYTES = 512 << 10;
/** Ranges that follow each other: sealed ones share a chunk, others leave out entries that nobody asked for. */
const OVERLAP_BYTES = 128 << 10;
const GAP_BYTES = 128 << 10;

const PIECE_BYTES = 4 << 20;
/** On their way at a time: as much as a fast line holds while an answer comes from another continent. A run begins with one. */
const PIECES_AHEAD = 4;
/** Threads read beside each other: the slowest is a little behind. */
const PIECES_BEHIND = 2;

/** Objects that are read from end to end at the same time. */
const RUNS_AT_ONCE = 2;

export class AheadReader {
  /** Of the last long reads, the latest at the end: where each of them ended. */
  readonly #ends = new Map<string, number>();
  readonly #runs = new Map<string, Run>();

  constructor(private readonly ranges: Ranges) {}

  /** Exactly these bytes; nobody may write into them. @throws {Error} as `Ranges.read` does */
  async read(
    object: ObjectVersion,
    offset: number,
    length: number,
  ): Promise<Buffer> {
    const run = this.#runFor(object, offset, length);
    const found = await run?.take(offset, length);
    if (found) return found;

    // A run that fails says nothing: what is asked for now fails by itself.
    if (run) this.#runs.delete(nameOf(object));

    return this.ranges.read(object, offset, length);
  }

  /** The run that holds these bytes or comes to them next; undefined where nobody goes from end to end. */
  #runFor(
    object: ObjectVersion,
    offset: number,
    length: number,
  ): Run | undefined {
    const name = nameOf(object);
    const run = this.#runs.get(name);
    if (run?.reaches(offset, length)) return run;
    if (length < LONG_BYTES) return undefined;

    const end = this.#ends.get(name);
    keepLast(this.#ends, name, offset + length, RUNS_AT_ONCE);

    const followsOn =
      end !== undefined &&
      offset >= end - OVERLAP_BYTES &&
      offset <= end + GAP_BYTES;
    if (!followsOn) return undefined;

    const begun = new Run(this.ranges, object, offset);
    keepLast(this.#runs, name, begun, RUNS_AT_ONCE);

    return begun;
  }
}

/** Pieces of one object, side by side, that are fetched before they are asked for. */
class Run {
  readonly #pieces: Promise<Buffer | undefined>[] = [];
  /** Where the first of the pieces begins, and the last ends. */
  #start: number;
  #end: number;
  #piecesAhead = 0;

  constructor(
    private readonly ranges: Ranges,
    private readonly object: ObjectVersion,
    offset: number,
  ) {
    this.#start = offset;
    this.#end = offset;
  }

  reaches(offset: number, length: number): boolean {
    const most = Math.min(this.#end + PIECE_BYTES, this.object.sizeBytes);

    return offset >= this.#start && offset + length <= most;
  }

  /** The bytes, once they are there; undefined where a piece of them could not be had. */
  async take(offset: number, length: number): Promise<Buffer | undefined> {
    this.#piecesAhead = Math.min(this.#piecesAhead + 1, PIECES_AHEAD);
    this.#fetchUpTo(offset + length + this.#piecesAhead * PIECE_BYTES);

    const from = offset - this.#start;
    const first = Math.floor(from / PIECE_BYTES);
    const behindLast = Math.ceil((from + length) / PIECE_BYTES);
    const wanted = this.#pieces.slice(first, behindLast);

    this.#forgetBefore(first - PIECES_BEHIND);

    const pieces = await Promise.all(wanted);
    if (!pieces.every((piece) => piece !== undefined)) return undefined;

    const at = from - first * PIECE_BYTES;
    const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);

    return bytes?.subarray(at, at + length);
  }

  #fetchUpTo(wanted: number): void {
    const { sizeBytes } = this.object;

    while (this.#end < Math.min(wanted, sizeBytes)) {
      const start = this.#end;
      this.#end = Math.min(start + PIECE_BYTES, sizeBytes);

      this.#pieces.push(
        this.ranges.fetch(this.object, start, this.#end).catch(() => undefined),
      );
    }
  }

  #forgetBefore(count: number): void {
    if (count <= 0) return;

    void this.#pieces.splice(0, count);
    this.#start += count * PIECE_BYTES;
  }
}

function keepLast<Value>(
  map: Map<string, Value>,
  name: string,
  value: Value,
  most: number,
): void {
  map.delete(name);
  map.set(name, value);

  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}

const nameOf = ({ key, etag }: ObjectVersion): string => `${key} ${etag}`;
