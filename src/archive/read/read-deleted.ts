import { DamagedArchiveError } from '../../errors.js';
import { openVolumeFile, type VolumeFileInfo } from '../backup-directory.js';
import { archiveName } from '../names.js';
import { DELETED_ENTRY, LARGEST_LIST_BYTES } from '../summary.js';
import { EntryDamage } from '../zip/entry-damage.js';
import type { EntryTable } from '../zip/entry-table.js';
import { openForPieces, readPieces } from '../zip/read-entry.js';
import { toTextError } from './damaged-entry.js';

/** The longest `.deleted.txt`, and the reason. */
export interface ListLimit {
  readonly bytes: number;
  readonly lines: number;
  /** Completes a sentence: `its full F….zip has names for 1200`. */
  readonly reason: string;
}

/** A full whose names can be counted. */
export interface CountableBase {
  readonly files: { readonly stem: string };
  readonly volumes: readonly { readonly table: EntryTable }[];
  /** Volumes that cannot be looked into. */
  readonly lost?: readonly unknown[];
}

/** The volume that a list may lie in. */
interface ListVolume {
  readonly file: VolumeFileInfo;
  readonly table: EntryTable;
}

/** The limit without a whole full archive: the length of four million usual names. */
export const LIMIT_WITHOUT_BASE: ListLimit = {
  bytes: LARGEST_LIST_BYTES,
  lines: 4_000_000,
  reason:
    'four million names of 256 MiB are read where its full cannot be counted',
};

/** Room for what nobody knows of archives of earlier versions. */
const SLACK_BYTES = 1 << 20;
const SLACK_LINES = 10_000;
/** `.deleted.txt` follows the version text. */
const TEXTS_AT_FRONT = 8;
/** No name in a zip file is longer (APPNOTE 4.4.10). */
const LONGEST_LINE_BYTES = 65_535;

const LINE_FEED = 0x0a;

const HINTS = [
  'The archive is damaged or was made to do harm: recover its full alone, or use another one.',
];

/** Returns the longest list of deleted names: a line for every name of the full. */
export function limitFor({
  files,
  volumes,
  lost = [],
}: CountableBase): ListLimit {
  if (lost.length > 0) return LIMIT_WITHOUT_BASE;

  let bytes = 0;
  let lines = 0;

  for (const { table } of volumes) {
    lines += table.count;
    for (let index = 0; index < table.count; index++) {
      bytes += table.nameLength(index) + 1;
    }
  }

  return limitOfNames(files, { bytes, lines });
}

/** The same of a full whose names were counted, each with the end of its line. */
export function limitOfNames(
  { stem }: CountableBase['files'],
  { bytes, lines }: Pick<ListLimit, 'bytes' | 'lines'>,
): ListLimit {
  const reason = `the names of its full ${archiveName(stem)} need ${bytes} bytes in ${lines} lines`;

  return { bytes: bytes + SLACK_BYTES, lines: lines + SLACK_LINES, reason };
}

/**
 * Goes through the names of `.deleted.txt` line by line: the list is never held whole.
 * @param onName gets the name's bytes, which are good for this call alone
 * @returns whether the archive has the list
 * @throws {DamagedArchiveError} when it is longer than the limit, which its declared size tells before it is inflated, or
 *   is not what its headers promise
 */
export async function eachDeletedName(
  { file, table }: ListVolume,
  limit: ListLimit,
  onName: (name: Buffer) => void,
): Promise<boolean> {
  const index = findList(table);
  if (index === undefined) return false;
  if (table.size(index) > limit.bytes) {
    throw tooLong(file.name, `claims ${table.size(index)} bytes`, limit);
  }

  let count = 0;

  const lines = new LineSplitter((line) => {
    if (++count > limit.lines) {
      throw tooLong(file.name, `has more than ${limit.lines} lines`, limit);
    }

    if (line.length > 0) onName(line);
  });

  const source = await openVolumeFile(file);

  try {
    const start = table.headerOffset(index);
    await source.hold?.(start, table.extentEnd(index) - start);
    await readPieces(openForPieces({ source, table, index }), (bytes) => {
      lines.add(bytes);
    });
    lines.end();
  } catch (error) {
    throw toTextError(error, file.name, DELETED_ENTRY);
  } finally {
    source.close();
  }

  return true;
}

function findList(table: EntryTable): number | undefined {
  for (let index = 0; index < Math.min(table.count, TEXTS_AT_FRONT); index++) {
    if (table.name(index) === DELETED_ENTRY) return index;
  }

  return undefined;
}

function tooLong(
  volume: string,
  what: string,
  { reason }: ListLimit,
): DamagedArchiveError {
  return new DamagedArchiveError(
    `${volume}: ${DELETED_ENTRY} ${what}; ${reason}`,
    { hints: HINTS },
  );
}

/** Cuts a text that comes in pieces into its lines, and holds no more than one of them. */
class LineSplitter {
  /** The begun line's bytes: a piece's memory is used again. */
  #begun = Buffer.alloc(0);

  constructor(private readonly onLine: (line: Buffer) => void) {}

  add({ buffer, byteOffset, byteLength }: Uint8Array): void {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    let start = 0;

    // A call of indexOf for each of millions of short lines would take most of the time.
    for (let end = 0; end < bytes.length; end++) {
      if (bytes[end] !== LINE_FEED) continue;

      const line = bytes.subarray(start, end);
      this.onLine(
        this.#begun.length === 0 ? line : Buffer.concat([this.#begun, line]),
      );
      this.#begun = Buffer.alloc(0);
      start = end + 1;
    }

    if (this.#begun.length + bytes.length - start > LONGEST_LINE_BYTES) {
      throw new EntryDamage(
        `a line of it has more than ${LONGEST_LINE_BYTES} bytes`,
      );
    }

    this.#begun = Buffer.concat([this.#begun, bytes.subarray(start)]);
  }

  end(): void {
    if (this.#begun.length > 0) this.onLine(this.#begun);
  }
}
