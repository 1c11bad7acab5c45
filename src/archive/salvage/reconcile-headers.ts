import { openVolumeFile, type VolumeFileInfo } from '../backup-directory.js';
import { Turns } from '../../platform/turns.js';
import { EntryRows, rowsOf } from '../zip/entry-rows.js';
import type { EntryTable } from '../zip/entry-table.js';
import { isReadFailure, type RandomAccessSource } from '../zip/source.js';
import { LOCAL_FIXED_BYTES, LOCAL_SIGNATURE } from '../zip/zip-format.js';
import { chooseName } from './choose-name.js';

/** A table whose names were compared with those in the local headers. */
export interface ReconciledNames {
  readonly table: EntryTable;
  /** Some headers of an entry name two. */
  readonly haveTwoNames: boolean;
  readonly notes: readonly string[];
}

/**
 * Gives each entry the better of two names where its headers differ: under a damaged one nobody who asks for its user or folder
 * would be given it.
 */
export async function reconcileNames(
  file: VolumeFileInfo,
  table: EntryTable,
): Promise<ReconciledNames> {
  const others = await findOtherNames(file, table);
  if (others.size === 0) return { table, haveTwoNames: false, notes: [] };

  const rows = new EntryRows();
  const notes: string[] = [];
  let index = 0;

  for (const row of rowsOf(table)) {
    const otherName = others.get(index);
    const chosen = chooseName({ row, otherName }, table, index);

    rows.add(chosen);
    index++;
    if (!otherName) continue;

    notes.push(
      `the two headers of an entry of ${file.name} name ${quote(row.name)} and ${quote(otherName)}: it is taken for ${quote(chosen.name)}`,
    );
  }

  return { table: rows.build(), haveTwoNames: true, notes };
}

function quote(name: Uint8Array): string {
  return JSON.stringify(Buffer.from(name).toString('utf8'));
}

/** The names in local headers that are not those of the table. */
async function findOtherNames(
  file: VolumeFileInfo,
  table: EntryTable,
): Promise<ReadonlyMap<number, Buffer>> {
  const names = new Map<number, Buffer>();
  const source = await openVolumeFile(file);
  const turns = new Turns();

  try {
    for (let index = 0; index < table.count; index++) {
      await turns.pass();

      const name = readLocalName(source, table.headerOffset(index));
      if (name && !name.equals(table.rawName(index))) names.set(index, name);
    }
  } finally {
    source.close();
  }

  return names;
}

/** Room for nearly every name. */
const HEADER_BYTES = LOCAL_FIXED_BYTES + 256;
const memory = Buffer.alloc(HEADER_BYTES);

function readLocalName(
  source: RandomAccessSource,
  offset: number,
): Buffer | undefined {
  const bytes = tryRead(source, memory, offset);
  if (bytes?.readUInt32LE(0) !== LOCAL_SIGNATURE) return undefined;

  const end = LOCAL_FIXED_BYTES + bytes.readUInt16LE(26);
  const whole =
    end <= bytes.length
      ? bytes
      : tryRead(source, Buffer.allocUnsafe(end), offset);

  return whole && end <= whole.length
    ? Buffer.from(whole.subarray(LOCAL_FIXED_BYTES, end))
    : undefined;
}

/** What there is of so many bytes; undefined where not even a header fits, or the system does not read them. */
function tryRead(
  source: RandomAccessSource,
  into: Buffer,
  offset: number,
): Buffer | undefined {
  const length = Math.min(into.length, source.sizeBytes - offset);
  if (length < LOCAL_FIXED_BYTES) return undefined;

  try {
    const bytes = into.subarray(0, length);
    source.readInto(bytes, offset);

    return bytes;
  } catch (error) {
    if (!isReadFailure(error)) throw error;

    return undefined;
  }
}
