import { dateFromLocal } from '../../platform/clock.js';
import { TimePrecision } from './entry-table.js';
import {
  EXTRA_NTFS,
  EXTRA_PART,
  EXTRA_UNIX_TIME,
  type FilePart,
  fromDosTime,
  NTFS_EPOCH_TICKS,
} from './zip-format.js';

/** What the extra fields of a central header say, beyond sizes. */
export interface EntryExtras {
  readonly mtimeTicks: bigint;
  readonly precision: TimePrecision;
  readonly part?: FilePart | undefined;
}

/** The fields' bounds do not lie within the header (APPNOTE 4.5.1). */
class ExtraFieldError extends Error {}

/**
 * The best time that an entry carries: NTFS (100 ns) before Unix seconds before DOS time, and our part field.
 * @param dos DOS date in the high half, time in the low half
 * @throws {ExtraFieldError} when a field reaches beyond `end`
 */
export function readExtras(
  bytes: Buffer,
  start: number,
  end: number,
  dos: number,
): EntryExtras {
  let [mtimeTicks, precision]: [bigint, TimePrecision] = [
    0n,
    TimePrecision.dos,
  ];

  let part: FilePart | undefined;

  for (let at = start; at + 4 <= end;) {
    const id = bytes.readUInt16LE(at);
    const data = at + 4;

    at = data + bytes.readUInt16LE(at + 2);
    if (at > end) {
      throw new ExtraFieldError('an extra field reaches beyond its header');
    }

    if (
      id === EXTRA_UNIX_TIME &&
      precision < TimePrecision.second &&
      at - data >= 5 &&
      (bytes[data] ?? 0) & 1
    ) {
      [mtimeTicks, precision] = [
        BigInt(bytes.readInt32LE(data + 1)) * 10_000_000n,
        TimePrecision.second,
      ];
    } else if (id === EXTRA_NTFS) {
      const ticks = readNtfsTime(bytes, data, at);
      if (ticks !== undefined) {
        [mtimeTicks, precision] = [ticks, TimePrecision.tick];
      }
    } else if (id === EXTRA_PART && at - data >= 24) {
      part = readPart(bytes, data);
    }
  }

  if (precision === TimePrecision.dos) mtimeTicks = dosTicks(dos);

  return { mtimeTicks, precision, part };
}

/** Attribute 1 of the NTFS field (APPNOTE 4.5.5): modification time first. */
function readNtfsTime(
  bytes: Buffer,
  data: number,
  end: number,
): bigint | undefined {
  for (let at = data + 4; at + 4 <= end;) {
    const size = bytes.readUInt16LE(at + 2);
    if (bytes.readUInt16LE(at) === 1 && size >= 8 && at + 12 <= end) {
      return bytes.readBigInt64LE(at + 4) - NTFS_EPOCH_TICKS;
    }

    at += 4 + size;
  }

  return undefined;
}

function readPart(bytes: Buffer, data: number): FilePart {
  return {
    index: bytes.readUInt32LE(data),
    count: bytes.readUInt32LE(data + 4),
    offsetBytes: Number(bytes.readBigUInt64LE(data + 8)),
    totalBytes: Number(bytes.readBigUInt64LE(data + 16)),
  };
}

const dosCache = new Map<number, bigint>();

/** Local time, as the machine that wrote the archive had it; archives are read where they were written. */
function dosTicks(dos: number): bigint {
  let ticks = dosCache.get(dos);
  if (ticks === undefined) {
    ticks =
      BigInt(dateFromLocal(fromDosTime(dos >>> 16, dos & 0xffff)).getTime()) *
      10_000n;
    if (dosCache.size > 100_000) dosCache.clear();
    dosCache.set(dos, ticks);
  }

  return ticks;
}
