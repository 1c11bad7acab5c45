import { centralHeaderLength } from './central-headers.js';
import { EntryRows } from './entry-rows.js';
import type { EntryTable } from './entry-table.js';
import { parseLocalEntry } from './local-row.js';
import {
  findCentralDirectory,
  parsePlainCentralDirectory,
} from './plain-central-directory.js';
import { SlidingWindow } from './sliding-window.js';
import { isReadFailure, type RandomAccessSource } from './source.js';
import {
  CENTRAL_FIXED_BYTES,
  CENTRAL_SIGNATURE,
  MAX_CENTRAL_DIRECTORY_BYTES,
} from './zip-format.js';

/** Central headers that can be read one by one where the central directory as a whole cannot: each witnesses an entry. */
export class Witnesses {
  readonly #byOffset = new Map<number, number>();

  constructor(
    readonly table: EntryTable,
    /** Where the first of them stands; the end of the volume where there is none. */
    readonly start: number,
    /** They are all that the volume ever had. */
    readonly areAll: boolean,
  ) {
    for (let index = 0; index < table.count; index++) {
      this.#byOffset.set(table.headerOffset(index), index);
    }
  }

  /** The witness of the entry whose local header is at that offset. */
  of(headerOffset: number): number | undefined {
    return this.#byOffset.get(headerOffset);
  }
}

const SIGNATURE = Buffer.alloc(4);
SIGNATURE.writeUInt32LE(CENTRAL_SIGNATURE);
/** A header's name, extra fields and comment have at most 65,535 bytes each. */
const LONGEST_HEADER_BYTES = CENTRAL_FIXED_BYTES + 3 * 65_535;
/** As many headers of a run are compared with the local ones. */
const SAMPLES = 256;
/** Room for a local header with a long name; a longer one is not among the samples that match. */
const USUAL_HEADER_BYTES = 4096;

/**
 * Looks for central headers at the end of a volume, as far as the longest central directory reaches. Those of a zip file that
 * lies in the volume tell places in that file: a run counts when most of its headers stand for local headers of this one, or the end record leads to it.
 */
export async function findWitnesses(
  source: RandomAccessSource,
): Promise<Witnesses> {
  const rows = new EntryRows();
  const announced = await announcedDirectory(source);
  let start = source.sizeBytes;

  for await (const run of centralRuns(source)) {
    const table = run.rows.build();
    const isAnnounced =
      announced !== undefined && run.start >= announced.offset;
    if (!isAnnounced && !(await isOfThisVolume(source, table))) continue;

    start = Math.min(start, run.start);
    for (let index = 0; index < table.count; index++) {
      rows.add({ ...table.rowAt(index), extentEnd: source.sizeBytes });
    }
  }

  const areAll = announced?.entries === rows.count;

  return new Witnesses(rows.build(), start, areAll);
}

/** Central headers that follow each other without a gap. */
interface CentralRun {
  readonly rows: EntryRows;
  readonly start: number;
}

async function* centralRuns(
  source: RandomAccessSource,
): AsyncGenerator<CentralRun> {
  const { sizeBytes } = source;
  const window = new SlidingWindow(source);
  let at = Math.max(0, sizeBytes - MAX_CENTRAL_DIRECTORY_BYTES);

  for (;;) {
    const start = await window.find(SIGNATURE, at, sizeBytes);
    if (start === undefined) return;

    const rows = new EntryRows();
    at = start;

    for (;;) {
      const bytes = await window.at(at, LONGEST_HEADER_BYTES);
      const header = readHeader(bytes, at);
      if (!header) break;

      rows.add({ ...header.table.rowAt(0), extentEnd: sizeBytes });
      at += header.length;
    }

    if (rows.count > 0) yield { rows, start };
    else at += SIGNATURE.length;
  }
}

/** One plain central header; one that points behind itself is none. */
function readHeader(
  bytes: Buffer,
  position: number,
): { readonly table: EntryTable; readonly length: number } | undefined {
  if (bytes.length < CENTRAL_FIXED_BYTES) return undefined;

  const length = centralHeaderLength(bytes, 0);
  if (length > bytes.length) return undefined;

  const header = Buffer.from(bytes.subarray(0, length));
  const table = parsePlainCentralDirectory({ bytes: header, entries: 1 });
  const isBefore = (table?.headerOffset(0) ?? Infinity) < position;

  return table && isBefore ? { table, length } : undefined;
}

async function isOfThisVolume(
  source: RandomAccessSource,
  table: EntryTable,
): Promise<boolean> {
  const step = Math.max(1, Math.floor(table.count / SAMPLES));
  let looked = 0;
  let matching = 0;

  for (let index = 0; index < table.count; index += step) {
    looked++;
    if (await hasLocalHeader(source, table, index)) matching++;
  }

  return matching * 2 >= looked;
}

async function hasLocalHeader(
  source: RandomAccessSource,
  table: EntryTable,
  index: number,
): Promise<boolean> {
  const offset = table.headerOffset(index);
  const length = Math.min(USUAL_HEADER_BYTES, source.sizeBytes - offset);

  const local = parseLocalEntry(await source.read(offset, length), offset);

  return (
    local?.row.crc === table.crc(index) &&
    local.row.compressedBytes === table.compressedSize(index) &&
    table.nameBytes(index).equals(local.row.name)
  );
}

/** The central directory as a sound end record announces it. */
async function announcedDirectory(
  source: RandomAccessSource,
): ReturnType<typeof findCentralDirectory> {
  try {
    return await findCentralDirectory(source);
  } catch (error) {
    if (isReadFailure(error)) throw error;

    return undefined;
  }
}
