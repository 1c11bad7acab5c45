/** Lines of text, one for each record, in one piece of memory: searched as bytes, without a string for each of many records. */

const LINE_FEED = 0x0a;
/** Memory that grows a little at a time: several such columns grow beside each other. */
const GROWTH = 1.25;

/** Lines that do not change. */
export class TextColumn {
  /** @param ends the offset of each line's LF in `bytes` */
  constructor(
    readonly bytes: Buffer,
    readonly ends: Uint32Array,
  ) {}

  get count(): number {
    return this.ends.length;
  }

  /** The offset of a line's first byte. */
  start(record: number): number {
    return record === 0 ? 0 : (this.ends[record - 1] ?? 0) + 1;
  }

  line(record: number): string {
    return this.bytes.toString('utf8', this.start(record), this.ends[record]);
  }

  /** The records whose lines hold a text, in their order. */
  *find(text: string): Generator<number> {
    const needle = Buffer.from(text);
    let record = 0;

    for (
      let at = this.bytes.indexOf(needle);
      at >= 0 && record < this.count;
      at = this.bytes.indexOf(needle, (this.ends[record - 1] ?? 0) + 1)
    ) {
      record = this.#recordAt(at, record);
      if (record < this.count) yield record++;
    }
  }

  /** The record whose line holds the byte at `at`, which is no earlier than `from`. */
  #recordAt(at: number, from: number): number {
    let low = from;
    let step = 1;
    // A match is mostly in one of the next lines.
    while ((this.ends[low + step] ?? Infinity) < at) {
      low += step;
      step *= 2;
    }

    let high = Math.min(low + step, this.count);

    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }

    return low;
  }
}

/** Lines that are added one after the other. */
export class TextLines {
  #bytes: Buffer;
  #length: number;
  #ends: Uint32Array;
  #count: number;

  /** @param column the first lines */
  constructor(column?: TextColumn) {
    this.#bytes = column?.bytes ?? Buffer.alloc(0);
    this.#length = this.#bytes.length;
    this.#ends = column?.ends ?? new Uint32Array(0);
    this.#count = this.#ends.length;
  }

  /** Adds one line: the bytes from `from` up to `to`, which hold no LF. */
  addLine(bytes: Buffer, from = 0, to = bytes.length): void {
    this.#reserve(to - from + 1);
    bytes.copy(this.#bytes, this.#length, from, to);
    this.#length += to - from;
    this.#bytes[this.#length] = LINE_FEED;
    this.#addEnd(this.#length++);
  }

  /** Says whether a line is exactly the bytes from `from` up to `to`. */
  isLine(line: number, bytes: Buffer, from: number, to: number): boolean {
    const start = line === 0 ? 0 : (this.#ends[line - 1] ?? 0) + 1;
    const length = (this.#ends[line] ?? 0) - start;
    if (length !== to - from) return false;

    for (let at = 0; at < length; at++) {
      if (this.#bytes[start + at] !== bytes[from + at]) return false;
    }

    return true;
  }

  /** The lines so far; good until more are added. */
  get column(): TextColumn {
    return new TextColumn(
      this.#bytes.subarray(0, this.#length),
      this.#ends.subarray(0, this.#count),
    );
  }

  #addEnd(end: number): void {
    if (this.#count === this.#ends.length) {
      const more = new Uint32Array(Math.ceil(this.#count * GROWTH) + 1024);
      more.set(this.#ends);
      this.#ends = more;
    }

    this.#ends[this.#count++] = end;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;

    const more = Buffer.allocUnsafeSlow(Math.ceil(needed * GROWTH) + 4096);
    this.#bytes.copy(more, 0, 0, this.#length);
    this.#bytes = more;
  }
}

/** Lines that come part by part and are joined once: memory that grows would be held twice each time. */
export class GatheredLines {
  readonly #parts: Uint8Array[];

  /** @param column the first lines */
  constructor(column?: TextColumn) {
    this.#parts = column ? [column.bytes] : [];
  }

  /** @param lines whole ones, each with its LF; they are kept, not copied */
  add(lines: Uint8Array): void {
    this.#parts.push(lines);
  }

  /** All lines, of which there are `count`. The parts are forgotten. */
  join(count: number): TextColumn {
    const bytes = Buffer.concat(this.#parts.splice(0));
    const ends = new Uint32Array(count);
    let end = -1;

    for (let line = 0; line < count; line++) {
      end = bytes.indexOf(LINE_FEED, end + 1);
      ends[line] = end;
    }

    return new TextColumn(bytes, ends);
  }
}

/** Only some of the lines, in their order. */
export function keepLines(
  column: TextColumn,
  kept: ArrayLike<number>,
): TextColumn {
  const lines = new TextLines();

  for (let at = 0; at < kept.length; at++) {
    const record = kept[at] ?? 0;
    lines.addLine(column.bytes, column.start(record), column.ends[record]);
  }

  return lines.column;
}
