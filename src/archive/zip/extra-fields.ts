import { dateFromLocal } from '../../platform/clock.js';
import { type DosTime, fromDosTime } from './dos-time.js';
import { TimePrecision } from './entry-table.js';
import { type FilePiece, NTFS_EPOCH_TICKS } from './zip-format.js';

/**
 * The extra fields of headers: times finer than those of MS-DOS, and the place of a piece in its file. Each field begins
 * with its id (2 bytes) and the length of its data (2 bytes; APPNOTE 4.5.1); offsets below are counted from its data.
 */

/** Info-ZIP's Unix time. 0: flags, 1 for a modification time; 1: seconds since 1970-01-01 UTC, signed. */
const UNIX_TIME = 0x5455;
/** NTFS times (APPNOTE 4.5.5). 0: reserved; 4: attribute 1; 6: its size; 8: modification, 16: access, 24: creation. */
const NTFS_TIMES = 0x000a;
/** Our own field, for a piece of a split file. 0: index; 4: count; 8: offset in the file; 16: size of the file. */
const PIECE = 0x4d4b;
/** Sizes and offsets of 64 bits (APPNOTE 4.5.3). */
export const EXTRA_ZIP64 = 0x0001;
/** A second name (APPNOTE 4.6.9). */
export const EXTRA_UNICODE_PATH = 0x7075;

const UNIX_TIME_BYTES = 4 + 5;
const NTFS_TIMES_BYTES = 4 + 32;
const PIECE_BYTES = 4 + 24;

/** The extra fields that this tool writes into a local header. */
export const LOCAL_EXTRA_BYTES = UNIX_TIME_BYTES;

/** The length of the extra fields that this tool writes into a central header. */
export function centralExtraBytes(isPiece: boolean): number {
  return UNIX_TIME_BYTES + NTFS_TIMES_BYTES + (isPiece ? PIECE_BYTES : 0);
}

const TICKS_PER_SECOND = 10_000_000n;

/** The values of the extra fields of a central header. */
export interface EntryExtras {
  /** 100 ns ticks since 1970-01-01 UTC. */
  readonly mtimeTicks: bigint;
  readonly precision: TimePrecision;
  readonly piece?: FilePiece | undefined;
}

type EntryTime = Pick<EntryExtras, 'mtimeTicks' | 'precision'>;

/** The fields' bounds do not lie within the header (APPNOTE 4.5.1). */
class ExtraFieldError extends Error {}

/**
 * The best time that an entry carries, NTFS (100 ns) before Unix seconds before MS-DOS time, and its place in a split file.
 * @param dos DOS date in the high half, time in the low half
 * @throws {ExtraFieldError} when a field reaches beyond `end`
 */
export function readExtras(
  bytes: Buffer,
  start: number,
  end: number,
  dos: number,
): EntryExtras {
  let time: EntryTime | undefined;
  let piece: FilePiece | undefined;
  let at = start;

  while (at + 4 <= end) {
    // 0: id; 2: length of the data; 4: data
    const id = bytes.readUInt16LE(at);
    const next = at + 4 + bytes.readUInt16LE(at + 2);
    if (next > end) {
      throw new ExtraFieldError('an extra field reaches beyond its header');
    }

    const data = bytes.subarray(at + 4, next);

    if (id === PIECE) piece = readPiece(data) ?? piece;
    else time = betterTime(time, readTime(id, data));

    at = next;
  }

  const { mtimeTicks, precision } = time ?? dosEntryTime(dos);

  return { mtimeTicks, precision, piece };
}

function readTime(id: number, data: Buffer): EntryTime | undefined {
  if (id === UNIX_TIME) return readUnixTime(data);

  return id === NTFS_TIMES ? readNtfsTime(data) : undefined;
}

/** The first Unix time counts, and any NTFS time more than it. */
function betterTime(
  best: EntryTime | undefined,
  next: EntryTime | undefined,
): EntryTime | undefined {
  if (!best) return next;

  return next?.precision === TimePrecision.tick ? next : best;
}

function readUnixTime(data: Buffer): EntryTime | undefined {
  const hasTime = data.length >= 5 && data.readUInt8(0) & 1;
  if (!hasTime) return undefined;

  return {
    mtimeTicks: BigInt(data.readInt32LE(1)) * TICKS_PER_SECOND,
    precision: TimePrecision.second,
  };
}

function readNtfsTime(data: Buffer): EntryTime | undefined {
  let at = 4;

  while (at + 4 <= data.length) {
    // 0: attribute; 2: its size; 4: modification time
    const attribute = data.readUInt16LE(at);
    const size = data.readUInt16LE(at + 2);

    if (attribute === 1 && size >= 8 && at + 12 <= data.length) {
      return {
        mtimeTicks: data.readBigInt64LE(at + 4) - NTFS_EPOCH_TICKS,
        precision: TimePrecision.tick,
      };
    }

    at += 4 + size;
  }

  return undefined;
}

function readPiece(data: Buffer): FilePiece | undefined {
  if (data.length < PIECE_BYTES - 4) return undefined;

  return {
    index: data.readUInt32LE(0),
    count: data.readUInt32LE(4),
    offsetBytes: Number(data.readBigUInt64LE(8)),
    totalBytes: Number(data.readBigUInt64LE(16)),
  };
}

const dosTicks = new Map<number, bigint>();

/** Local time, as the machine that wrote the archive had it; archives are read where they were written. */
function dosEntryTime(dos: number): EntryTime {
  let mtimeTicks = dosTicks.get(dos);

  if (mtimeTicks === undefined) {
    const fields: DosTime = { date: dos >>> 16, time: dos & 0xffff };
    const time = dateFromLocal(fromDosTime(fields)).getTime();

    mtimeTicks = BigInt(time) * 10_000n;
    if (dosTicks.size > 100_000) dosTicks.clear();
    dosTicks.set(dos, mtimeTicks);
  }

  return { mtimeTicks, precision: TimePrecision.dos };
}

/** The offset of the NTFS modification time in the two extra fields that this tool writes. */
const OWN_NTFS_TIME = UNIX_TIME_BYTES + 4 + 8;

/** True when the extra fields from `start` to `end` are the two that this tool writes, in its order; no object is made. */
export function isOwnExtra(
  view: DataView,
  start: number,
  end: number,
): boolean {
  return (
    end - start === UNIX_TIME_BYTES + NTFS_TIMES_BYTES &&
    view.getUint16(start, true) === UNIX_TIME &&
    view.getUint16(start + UNIX_TIME_BYTES, true) === NTFS_TIMES
  );
}

/** The time in fields for which `isOwnExtra` holds. */
export function readOwnTime(view: DataView, start: number): bigint {
  return view.getBigInt64(start + OWN_NTFS_TIME, true) - NTFS_EPOCH_TICKS;
}

/** Says whether that time, before it is counted from 1970 on, has these two halves of 32 bits. */
export function isOwnTime(
  view: DataView,
  start: number,
  low: number,
  high: number,
): boolean {
  const at = start + OWN_NTFS_TIME;

  return (
    view.getUint32(at, true) === low && view.getUint32(at + 4, true) === high
  );
}

/** Lays the field of a Unix time, as near as 32 bits hold it; returns the position behind it. */
export function putUnixTime(
  into: Buffer,
  at: number,
  mtimeTicks: bigint,
): number {
  const seconds = unixSeconds(mtimeTicks);

  into.writeUInt16LE(UNIX_TIME, at);
  into.writeUInt16LE(UNIX_TIME_BYTES - 4, at + 2);
  into[at + 4] = 1; // 0: there is a modification time
  into.writeInt32LE(clampSeconds(seconds), at + 5); // 1: seconds

  return at + UNIX_TIME_BYTES;
}

let lastTicks = 0n;
let lastSeconds = 0;

/** Both headers of an entry ask for the same time. */
function unixSeconds(mtimeTicks: bigint): number {
  if (mtimeTicks !== lastTicks) {
    lastSeconds = Math.floor(Number(mtimeTicks) / 1e7);
    lastTicks = mtimeTicks;
  }

  return lastSeconds;
}

function clampSeconds(seconds: number): number {
  return Math.max(-0x80000000, Math.min(0x7fffffff, seconds));
}

/** Room to take a number of 64 bits apart, without a BigInt for each half. */
const wide = new DataView(new ArrayBuffer(8));

/** Lays the field of NTFS times, all three of them the modification time; returns the position behind it. */
export function putNtfsTimes(
  into: Buffer,
  at: number,
  mtimeTicks: bigint,
): number {
  wide.setBigInt64(0, mtimeTicks + NTFS_EPOCH_TICKS, true);
  const low = wide.getUint32(0, true);
  const high = wide.getUint32(4, true);

  into.writeUInt16LE(NTFS_TIMES, at);
  into.writeUInt16LE(NTFS_TIMES_BYTES - 4, at + 2);
  into.writeUInt32LE(0, at + 4); // 0: reserved
  into.writeUInt16LE(1, at + 8); // 4: attribute
  into.writeUInt16LE(24, at + 10); // 6: size of the attribute

  // 8: modification time; 16: access time; 24: creation time
  for (let time = at + 12; time < at + NTFS_TIMES_BYTES; time += 8) {
    into.writeUInt32LE(low, time);
    into.writeUInt32LE(high, time + 4);
  }

  return at + NTFS_TIMES_BYTES;
}

/** Lays the field of a piece of a split file; returns the position behind it. */
export function putPiece(into: Buffer, at: number, piece: FilePiece): number {
  into.writeUInt16LE(PIECE, at);
  into.writeUInt16LE(PIECE_BYTES - 4, at + 2);
  into.writeUInt32LE(piece.index, at + 4); // 0: index
  into.writeUInt32LE(piece.count, at + 8); // 4: count
  into.writeBigUInt64LE(BigInt(piece.offsetBytes), at + 12); // 8: offset
  into.writeBigUInt64LE(BigInt(piece.totalBytes), at + 20); // 16: size of the file

  return at + PIECE_BYTES;
}

/** The extra fields of an entry's time: Unix seconds where 32 bits hold them, and NTFS times. */
export function formatTimeFields(mtimeTicks: bigint): Buffer {
  const fields = Buffer.alloc(UNIX_TIME_BYTES + NTFS_TIMES_BYTES);
  const seconds = unixSeconds(mtimeTicks);
  const isUnixTime = seconds === clampSeconds(seconds);
  const at = isUnixTime ? putUnixTime(fields, 0, mtimeTicks) : 0;

  return fields.subarray(0, putNtfsTimes(fields, at, mtimeTicks));
}
