import {
  presenceWords,
  type RecordColumns,
  setPresent,
} from './header-index.js';
import { TextColumn, TextLines } from './text-column.js';

/** Records that are found by what they are, and added where they are new. They take some forty bytes each, and no object. */

/** The message of an entry. */
export interface RecordKey {
  readonly directory: number;
  /** The entry's name in its directory: the bytes from `from` up to `to`. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly sizeBytes: number;
  readonly crc: number;
}

/** No archive has the number: the record was not seen in any yet. */
const NO_HOLDER = 0xffff;
const FIRST_ROOM = 1024;
const FNV_PRIME = 0x01000193;

const NO_RECORDS: RecordColumns = {
  count: 0,
  directories: new Uint32Array(0),
  files: new TextColumn(Buffer.alloc(0), new Uint32Array(0)),
  sizes: new Float64Array(0),
  crcs: new Uint32Array(0),
  receivedMs: new Float64Array(0),
  holders: new Uint16Array(0),
  volumes: new Uint16Array(0),
  presence: new Uint32Array(0),
};

export class RecordTable {
  readonly #words: number;
  readonly #files: TextLines;
  #count = 0;
  #directories: Uint32Array;
  #sizes: Float64Array;
  #crcs: Uint32Array;
  #receivedMs: Float64Array;
  #holders: Uint16Array;
  #volumes: Uint16Array;
  #presence: Uint32Array;
  #hashes: Uint32Array;
  /** Record and 1, at the place that its hash names or the next free one; 0 is a free place. */
  #slots: Uint32Array;

  /** @param known records of earlier, in any directories that `archives` have; in none of these archives yet */
  constructor(archives: number, known: RecordColumns = NO_RECORDS) {
    const room = known.count;

    this.#words = presenceWords(archives);
    this.#count = room;
    this.#files = new TextLines(known.files);
    this.#directories = known.directories;
    this.#sizes = known.sizes;
    this.#crcs = known.crcs;
    this.#receivedMs = known.receivedMs;
    this.#holders = new Uint16Array(room).fill(NO_HOLDER);
    this.#volumes = new Uint16Array(room);
    this.#presence = new Uint32Array(room * this.#words);
    this.#hashes = new Uint32Array(room);
    this.#slots = new Uint32Array(slotsFor(room));

    for (let record = 0; record < room; record++) {
      this.#enterKnown(record, known.files);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** The record of a message, which is added where there is none. */
  findOrAdd(key: RecordKey, receivedMs: number): number {
    const hash = hashOf(key);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;

    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) break;
      if (this.#isOf(found - 1, hash, key)) return found - 1;

      slot = (slot + 1) & mask;
    }

    return this.#add(key, hash, slot, receivedMs);
  }

  /** Notes that a record is in the point of an archive, and which archive has its entry. The newest point tells the holder. */
  see(
    record: number,
    point: number,
    holder: { readonly archive: number; readonly volume: number },
  ): void {
    if (point >= this.#newestOf(record)) {
      this.#holders[record] = holder.archive;
      this.#volumes[record] = holder.volume;
    }

    setPresent(this.#presence, this.#words, record, point);
  }

  get columns(): RecordColumns {
    const count = this.#count;

    return {
      count,
      directories: this.#directories.subarray(0, count),
      files: this.#files.column,
      sizes: this.#sizes.subarray(0, count),
      crcs: this.#crcs.subarray(0, count),
      receivedMs: this.#receivedMs.subarray(0, count),
      holders: this.#holders.subarray(0, count),
      volumes: this.#volumes.subarray(0, count),
      presence: this.#presence.subarray(0, count * this.#words),
    };
  }

  /** The newest archive so far in whose point the record is; -1 without one. */
  #newestOf(record: number): number {
    for (let word = this.#words - 1; word >= 0; word--) {
      const bits = this.#presence[record * this.#words + word] ?? 0;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits);
    }

    return -1;
  }

  #isOf(
    record: number,
    hash: number,
    { directory, bytes, from, to, sizeBytes, crc }: RecordKey,
  ): boolean {
    return (
      this.#hashes[record] === hash &&
      this.#directories[record] === directory &&
      this.#crcs[record] === crc &&
      this.#sizes[record] === sizeBytes &&
      this.#files.isLine(record, bytes, from, to)
    );
  }

  #add(
    { directory, bytes, from, to, sizeBytes, crc }: RecordKey,
    hash: number,
    slot: number,
    receivedMs: number,
  ): number {
    const record = this.#count++;
    this.#reserve();

    this.#files.addLine(bytes, from, to);
    this.#directories[record] = directory;
    this.#sizes[record] = sizeBytes;
    this.#crcs[record] = crc;
    this.#receivedMs[record] = receivedMs;
    this.#holders[record] = NO_HOLDER;
    this.#hashes[record] = hash;
    if (this.#count * 2 < this.#slots.length) this.#slots[slot] = record + 1;
    else this.#moreSlots();

    return record;
  }

  #enterKnown(record: number, files: TextColumn): void {
    const hash = hashOf({
      directory: this.#directories[record] ?? 0,
      bytes: files.bytes,
      from: files.start(record),
      to: files.ends[record] ?? 0,
      sizeBytes: this.#sizes[record] ?? 0,
      crc: this.#crcs[record] ?? 0,
    });

    this.#hashes[record] = hash;
    this.#enter(record, hash);
  }

  #enter(record: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = record + 1;
  }

  #moreSlots(): void {
    this.#slots = new Uint32Array(slotsFor(this.#count));
    for (let record = 0; record < this.#count; record++) {
      this.#enter(record, this.#hashes[record] ?? 0);
    }
  }

  #reserve(): void {
    if (this.#count <= this.#hashes.length) return;

    const room = Math.ceil(this.#count * 1.25) + FIRST_ROOM;

    this.#directories = grown(this.#directories, new Uint32Array(room));
    this.#sizes = grown(this.#sizes, new Float64Array(room));
    this.#crcs = grown(this.#crcs, new Uint32Array(room));
    this.#receivedMs = grown(this.#receivedMs, new Float64Array(room));
    this.#holders = grown(this.#holders, new Uint16Array(room));
    this.#volumes = grown(this.#volumes, new Uint16Array(room));
    this.#presence = grown(this.#presence, new Uint32Array(room * this.#words));
    this.#hashes = grown(this.#hashes, new Uint32Array(room));
  }
}

/** A power of two: at least half of the places stay free, until there are more records. */
function slotsFor(records: number): number {
  return 2 ** Math.ceil(Math.log2(records * 2 + FIRST_ROOM));
}

function grown<T extends { set(from: T): void }>(from: T, into: T): T {
  into.set(from);

  return into;
}

/** FNV-1a over all that makes the record. */
function hashOf({
  directory,
  bytes,
  from,
  to,
  sizeBytes,
  crc,
}: RecordKey): number {
  let hash = Math.imul(0x811c9dc5 ^ directory, FNV_PRIME);
  hash = Math.imul(hash ^ crc, FNV_PRIME);
  hash = Math.imul(hash ^ sizeBytes, FNV_PRIME);

  for (let at = from; at < to; at++) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), FNV_PRIME);
  }

  return (hash ^ (hash >>> 15)) >>> 0;
}
