import { CentralDirectoryTable } from './central-directory-table.js';
import { centralHeaderLength } from './central-headers.js';
import { type EntryTable, TimePrecision } from './entry-table.js';
import { centralExtraBytes, LOCAL_EXTRA_BYTES } from './extra-fields.js';
import { localHeaderBytes } from './put-headers.js';
import {
  CENTRAL,
  CENTRAL_FIXED_BYTES,
  END_BYTES,
  LOCAL_FIXED_BYTES,
  METHOD_DEFLATED,
  METHOD_STORED,
} from './zip-format.js';

/** Records as this tool lays them: one of another archive can be copied as it lies there. Pure. */

/** The bytes of a record, header and data together. */
export function ownRecordBytes(table: EntryTable, index: number): number {
  return (
    localHeaderBytes(table.nameLength(index)) + table.compressedSize(index)
  );
}

/** The central header of an entry, not copied. @throws {Error} for a table that does not lie over a central directory */
export function ownCentralHeader(table: EntryTable, index: number): Buffer {
  if (!(table instanceof CentralDirectoryTable)) {
    throw new Error('the central headers of this volume are not at hand');
  }

  const at = table.nameStart(index) - CENTRAL_FIXED_BYTES;

  return table.names.subarray(at, at + centralHeaderLength(table.names, at));
}

/**
 * Says whether an entry has the headers that this tool would give it, and a volume of this size holds it: a whole file,
 * with its mode and its time to 100 ns.
 */
export function isOwnRecord(
  table: EntryTable,
  index: number,
  volumeLimitBytes: number,
): boolean {
  if (!(table instanceof CentralDirectoryTable)) return false;
  if (table.precision(index) !== TimePrecision.tick) return false;
  if (table.mode(index) === 0 || table.piece(index)) return false;

  const method = table.method(index);
  if (method !== METHOD_DEFLATED && method !== METHOD_STORED) return false;

  const { names } = table;
  const at = table.nameStart(index) - CENTRAL_FIXED_BYTES;
  const centralBytes = centralHeaderLength(names, at);
  const volumeBytes = ownRecordBytes(table, index) + centralBytes + END_BYTES;

  return (
    names.readUInt16LE(at + CENTRAL.extraLength) === centralExtraBytes(false) &&
    names.readUInt16LE(at + CENTRAL.commentLength) === 0 &&
    volumeBytes <= volumeLimitBytes
  );
}

/** The fields that both headers have, one behind the other: from the version that is needed to the length of the name. */
const COMMON_BYTES = 24;
const LOCAL_COMMON = 4;
const CENTRAL_COMMON = 6;
const LOCAL_EXTRA_LENGTH = 28;

/**
 * Says whether a local header holds what the central one says, byte for byte: then both can be copied. A damaged date is
 * read by nobody as long as the archive is whole, and is to stay in no archive.
 * @param local begins at the local header, and has at least its length
 */
export function hasEqualHeaders(local: Buffer, central: Buffer): boolean {
  const nameLength = central.readUInt16LE(CENTRAL.nameLength);
  const localExtra = LOCAL_FIXED_BYTES + nameLength;
  const centralExtra = CENTRAL_FIXED_BYTES + nameLength;

  return (
    local.readUInt16LE(LOCAL_EXTRA_LENGTH) === LOCAL_EXTRA_BYTES &&
    isEqual([local, LOCAL_COMMON], [central, CENTRAL_COMMON], COMMON_BYTES) &&
    isEqual([local, localExtra], [central, centralExtra], LOCAL_EXTRA_BYTES)
  );
}

type Place = readonly [bytes: Buffer, at: number];

function isEqual([a, aAt]: Place, [b, bAt]: Place, length: number): boolean {
  return a.compare(b, bAt, bAt + length, aAt, aAt + length) === 0;
}
