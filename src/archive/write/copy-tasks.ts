import { messageOf } from '../../errors.js';
import type { VolumePlace } from '../volume-handle.js';
import { EntryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import { ownCentralHeader, ownRecordBytes } from '../zip/own-record.js';
import { parsePlainCentralDirectory } from '../zip/plain-central-directory.js';
import { centralHeaderLength } from '../zip/central-headers.js';
import { BLOCK_BYTES, LARGE_FILE_BYTES, SLOT_BYTES } from './block-slots.js';
import type { CopyFault, CopyTask, ProveTask } from './pack-tasks.js';

/** Cutting records of another archive into tasks for the packing threads, and reading such a task. Pure. */

/** The entries of a volume of which some are to be copied. */
export interface CopySource {
  readonly volume: VolumePlace;
  /** In the order in which the records lie. */
  readonly table: EntryTable;
  /** For each entry the number of the group that it is copied with; 0: it is not copied. */
  readonly groups: Uint8Array;
}

/** Tasks for the records of a group that fit into blocks. */
export function* planCopies(
  { volume, table, groups }: CopySource,
  group: number,
): Generator<CopyTask> {
  let central: Buffer[] = [];
  let bytes = 0;

  const take = (): CopyTask => {
    const task = {
      kind: 'copy',
      volume,
      central: toOwnMemory(central),
    } as const;
    central = [];
    bytes = 0;

    return task;
  };

  for (let index = 0; index < table.count; index++) {
    if (groups[index] !== group || isLarge(table, index)) continue;

    const record = ownRecordBytes(table, index);
    if (bytes + record > SLOT_BYTES) yield take();

    central.push(ownCentralHeader(table, index));
    bytes += record;
    if (bytes >= BLOCK_BYTES) yield take();
  }

  if (central.length > 0) yield take();
}

/** Tasks for those that do not. */
export function* planLargeCopies(
  { volume, table, groups }: CopySource,
  group: number,
): Generator<ProveTask> {
  for (let index = 0; index < table.count; index++) {
    if (groups[index] !== group || !isLarge(table, index)) continue;

    const central = toOwnMemory([ownCentralHeader(table, index)]);

    yield { kind: 'prove', volume, central };
  }
}

/** The records of a task, each as long as this tool lays it. */
export function parseRecords(central: Uint8Array): EntryTable {
  const { buffer, byteOffset, byteLength } = central;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const entries = countHeaders(bytes);
  const table = parsePlainCentralDirectory({ bytes, entries });
  if (!table) throw new Error('the records to copy are none of this tool');

  for (let index = 0; index < table.count; index++) {
    const end = table.headerOffset(index) + ownRecordBytes(table, index);
    table.setExtentEnd(index, end);
  }

  return table;
}

export function namesOf(table: EntryTable): string[] {
  return Array.from({ length: table.count }, (_, index) => table.name(index));
}

/** The fault that an error of reading a record is. */
export function faultOf(name: string, error: unknown): CopyFault {
  const isDamage = error instanceof EntryDamage;

  return { name, reason: messageOf(error), isDamage };
}

function isLarge(table: EntryTable, index: number): boolean {
  return (
    table.size(index) >= LARGE_FILE_BYTES ||
    table.compressedSize(index) >= LARGE_FILE_BYTES
  );
}

/** What goes to a thread must not lie in a larger memory, all of which would go with it. */
function toOwnMemory(headers: readonly Buffer[]): Uint8Array {
  const length = headers.reduce((sum, header) => sum + header.length, 0);
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;

  for (const header of headers) {
    bytes.set(header, at);
    at += header.length;
  }

  return bytes;
}

function countHeaders(central: Buffer): number {
  let count = 0;
  for (let at = 0; at < central.length; count++) {
    at += centralHeaderLength(central, at);
  }

  return count;
}
