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
  LOCAL_SIGNATURE,
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
  const central = centralOf(table);
  const at = table.nameStart(index) - CENTRAL_FIXED_BYTES;

  return central.subarray(at, at + centralHeaderLength(central, at));
}

/** The central directory that a table lies over. @throws {Error} for any other table */
export function centralOf(table: EntryTable): Buffer {
  if (table instanceof CentralDirectoryTable) return table.names;

  throw new Error('the central headers of this volume are not at hand');
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

/** Local headers beside the central ones of the same entries. */
export class HeaderPairs {
  readonly #local: DataView;
  readonly #central: DataView;

  constructor(local: Buffer, central: Buffer) {
    this.#local = viewOf(local);
    this.#central = viewOf(central);
  }

  /**
   * Says whether a local header of this tool holds what the central one says, byte for byte: then both can be copied. A damaged
   * date is read by nobody as long as the archive is whole, and is to stay in no archive.
   */
  areEqual(localAt: number, centralAt: number): boolean {
    const local = this.#local;
    const nameAt = centralAt + CENTRAL.nameLength;
    const nameLength = this.#central.getUint16(nameAt, true);

    return (
      local.getUint32(localAt, true) === LOCAL_SIGNATURE &&
      local.getUint16(localAt + LOCAL_EXTRA_LENGTH, true) ===
        LOCAL_EXTRA_BYTES &&
      this.#areSame(
        localAt + LOCAL_COMMON,
        centralAt + CENTRAL_COMMON,
        COMMON_BYTES,
      ) &&
      this.#areSame(
        localAt + LOCAL_FIXED_BYTES,
        centralAt + CENTRAL_FIXED_BYTES,
        nameLength + LOCAL_EXTRA_BYTES,
      )
    );
  }

  /** Four bytes at a time; the last four may overlap those before. */
  #areSame(localAt: number, centralAt: number, length: number): boolean {
    for (let done = 0; done < length; done += 4) {
      const at = Math.min(done, length - 4);
      const local = this.#local.getUint32(localAt + at);
      if (local !== this.#central.getUint32(centralAt + at)) return false;
    }

    return true;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
