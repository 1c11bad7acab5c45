import { codec } from '../zip/codec.js';
import type { EntryTable } from '../zip/entry-table.js';
import { ownRecordBytes } from '../zip/own-record.js';
import type { RandomAccessSource } from '../zip/source.js';

/** Reading the records that are copied into a block. */

/** Memory that the records are inflated from without a copy of each; undefined where there is none that holds them. */
export function memoryFor(table: EntryTable): Buffer | undefined {
  const memory = codec.inputMemory();
  let bytes = 0;

  for (let index = 0; index < table.count; index++) {
    bytes += ownRecordBytes(table, index);
  }

  return memory && bytes <= memory.length
    ? memory.subarray(0, bytes)
    : undefined;
}

/** Lays the records end to end, those that lie side by side by one read. */
export function readStretches(
  source: RandomAccessSource,
  table: EntryTable,
  into: Buffer,
): void {
  let to = 0;

  for (let index = 0; index < table.count;) {
    const offset = table.headerOffset(index);
    let end = table.extentEnd(index);

    index++;
    while (index < table.count && table.headerOffset(index) === end) {
      end = table.extentEnd(index);
      index++;
    }

    source.readInto(into.subarray(to, to + end - offset), offset);
    to += end - offset;
  }
}
