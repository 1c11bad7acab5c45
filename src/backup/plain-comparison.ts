import { COARSEST_TICKS } from '../archive/same-file.js';
import { CentralDirectoryTable } from '../archive/zip/central-directory-table.js';
import { NTFS_EPOCH_TICKS } from '../archive/zip/zip-format.js';
import type { StatResult } from '../store/stat-tasks.js';
import type { BaseEntry } from './base-files.js';

/**
 * The fast lane of the comparison: files with the very size, mode and time that an entry of this program has. It decides
 * nothing else, and where it is not sure `likenessOf` does. No BigInt is made for a file.
 */

const TWO_32 = 0x1_0000_0000;
const EPOCH_LOW = Number(NTFS_EPOCH_TICKS % BigInt(TWO_32));
const EPOCH_HIGH = Number(NTFS_EPOCH_TICKS / BigInt(TWO_32));
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** A double has not all bits of a time of today. */
const ROUNDING_TICKS = 1000;

export class PlainComparison {
  /** Of each time its lower and its upper half. */
  readonly #halves: Uint32Array;
  /** Older files were not written while the full was made. */
  readonly #oldTicks: number;

  constructor(
    private readonly result: StatResult,
    takenAtTicks: bigint,
  ) {
    const { buffer, byteOffset, length } = result.mtimes;

    this.#halves = new Uint32Array(buffer, byteOffset, 2 * length);
    this.#oldTicks = Number(takenAtTicks - COARSEST_TICKS) - ROUNDING_TICKS;
  }

  /** Says whether a file is surely the unchanged one of an entry. @param column its place in the result */
  isUnchanged({ table, index }: BaseEntry, column: number): boolean {
    const { sizes, modes, crcs } = this.result;

    return (
      IS_LITTLE_ENDIAN &&
      crcs.length === 0 &&
      table instanceof CentralDirectoryTable &&
      table.size(index) === sizes[column] &&
      ((table.mode(index) ^ (modes[column] ?? 0)) & 0o7777) === 0 &&
      this.#hasOldTime(table, index, column)
    );
  }

  #hasOldTime(
    table: CentralDirectoryTable,
    index: number,
    column: number,
  ): boolean {
    const low = this.#halves[2 * column] ?? 0;
    const high = this.#halves[2 * column + 1] ?? 0;
    if ((high | 0) * TWO_32 + low >= this.#oldTicks) return false;

    const sum = low + EPOCH_LOW;
    const carry = sum >= TWO_32 ? 1 : 0;

    return table.hasOwnTime(
      index,
      sum >>> 0,
      (high + EPOCH_HIGH + carry) >>> 0,
    );
  }
}
