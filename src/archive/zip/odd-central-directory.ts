import { Readable } from 'node:stream';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl';
import { DamagedArchiveError, messageOf } from '../../errors.js';
import { refuseLongCentralDirectory } from './central-headers.js';
import {
  type EntryTable,
  EntryTableBuilder,
  type EntryRow,
} from './entry-table.js';
import { readExtras } from './extra-fields.js';
import { isReadFailure, type RandomAccessSource } from './source.js';
import { CENTRAL_FIXED_BYTES, END_BYTES, FLAG_UTF8 } from './zip-format.js';

/** Headers are read in pieces of this size: one read for about ten thousand entries. */
const WINDOW_BYTES = 1 << 20;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
/** A field of 32 bits that refers to the Zip64 end record. */
const SEE_ZIP64 = 0xffffffff;

/** A central directory as yauzl read it. */
export interface OddCentralDirectory {
  readonly table: EntryTable;
  /** Its offset in the volume. */
  readonly offset: number;
  readonly centralDirectory: Buffer;
}

/**
 * Reads the entries of a zip file that is not plain with yauzl: Zip64, comments, code page 437, second names, and
 * everything that is broken, so that its careful messages are what people see.
 * @throws {DamagedArchiveError} when yauzl or one of the checks that it lacks refuses the file
 */
export async function readOddCentralDirectory(
  source: RandomAccessSource,
): Promise<OddCentralDirectory> {
  let zip: ZipFile | undefined;
  try {
    zip = await fromRandomAccessReaderPromise(
      new WindowedReader(source),
      source.sizeBytes,
      {
        autoClose: false,
        decodeStrings: false,
        validateEntrySizes: true,
      },
    );

    return await readWhole(source, zip);
  } catch (error) {
    if (error instanceof DamagedArchiveError || isReadFailure(error)) {
      throw error;
    }

    throw new DamagedArchiveError(`${source.name}: ${messageOf(error)}`, {
      hints: [
        'The file is damaged, unfinished or no zip file: use another archive.',
      ],
      cause: error,
    });
  } finally {
    zip?.close();
  }
}

async function readWhole(
  source: RandomAccessSource,
  zip: ZipFile,
): Promise<OddCentralDirectory> {
  const offset = Number(zip.readEntryCursor);
  // Each header has at least 46 bytes: a count that cannot be true must not size a table.
  const leastBytes = zip.entryCount * CENTRAL_FIXED_BYTES;
  if (leastBytes > source.sizeBytes) {
    throw new Error(`${zip.entryCount} entries do not fit into the file`);
  }

  refuseLongCentralDirectory(source.name, leastBytes);

  const table = await readRows(zip, source.name);
  const end = Number(zip.readEntryCursor);
  await checkEnd(source, zip, offset, end);

  const centralDirectory = await source.read(offset, end - offset);

  return { table, offset, centralDirectory };
}

async function readRows(zip: ZipFile, volume: string): Promise<EntryTable> {
  const start = Number(zip.readEntryCursor);
  const builder = new EntryTableBuilder(zip.entryCount, zip.entryCount * 64);

  for await (const entry of zip.eachEntry()) {
    builder.add(toRow(entry));
    refuseLongCentralDirectory(volume, Number(zip.readEntryCursor) - start);
  }

  return builder.build();
}

function toRow(entry: Entry): EntryRow {
  const raw = entry.fileNameRaw;
  const name = Buffer.from(decodeName(entry), 'utf8');
  const dos = entry.lastModFileDate * 65_536 + entry.lastModFileTime;
  const isUnix = entry.versionMadeBy >>> 8 === 3;

  return {
    name,
    rawName: name.equals(raw) ? undefined : raw,
    flags: entry.generalPurposeBitFlag,
    method: entry.compressionMethod,
    crc: entry.crc32,
    sizeBytes: entry.uncompressedSize,
    compressedBytes: entry.compressedSize,
    headerOffset: entry.relativeOffsetOfLocalHeader,
    mode: isUnix ? entry.externalFileAttributes >>> 16 : 0,
    ...readExtras(entry.extraFieldRaw, 0, entry.extraFieldRaw.length, dos),
  };
}

/** Unmarked bytes that are valid UTF-8 come from a Unix tool more often than from code page 437. */
function decodeName(entry: Entry): string {
  const raw = entry.fileNameRaw;
  const asUtf8 = raw.toString('utf8');
  const isUtf8 = Buffer.from(asUtf8, 'utf8').equals(raw);
  const flags = isUtf8
    ? entry.generalPurposeBitFlag | FLAG_UTF8
    : entry.generalPurposeBitFlag;
  const name = getFileNameLowLevel(flags, raw, entry.extraFields, true);
  const plain = getFileNameLowLevel(flags, raw, [], true);

  // A Unicode path field gives a second name: one tool would check the one and write the other.
  if (name !== plain) {
    throw new Error(
      `entry ${JSON.stringify(plain)} has a second name, ${JSON.stringify(name)}`,
    );
  }

  return name;
}

/** yauzl trusts the count of entries; the central directory must also end where the end record says, and begin there. */
async function checkEnd(
  source: RandomAccessSource,
  zip: ZipFile,
  start: number,
  end: number,
): Promise<void> {
  const record = await readEndRecord(source, zip);

  if (end !== record.centralDirectoryEnd) {
    throw new Error(
      `the central directory ends at byte ${end}, expected ${record.centralDirectoryEnd}`,
    );
  }

  if (record.centralDirectoryBytes !== end - start) {
    throw new Error(
      `the central directory has ${end - start} bytes, the end record says ${record.centralDirectoryBytes}`,
    );
  }

  if (!record.isZip64 && record.entriesHere !== zip.entryCount) {
    throw new Error(
      `the end record counts ${record.entriesHere} and ${zip.entryCount} entries`,
    );
  }
}

/** The central directory as the end records describe it. */
interface EndRecord {
  readonly isZip64: boolean;
  readonly centralDirectoryBytes: number;
  /** The offset of whatever follows the central directory. */
  readonly centralDirectoryEnd: number;
  /** Entries on this disk. */
  readonly entriesHere: number;
}

async function readEndRecord(
  source: RandomAccessSource,
  zip: ZipFile,
): Promise<EndRecord> {
  const endRecordAt = source.sizeBytes - END_BYTES - zip.comment.length;
  const endRecord = await source.read(endRecordAt, END_BYTES);
  const zip64RecordAt = await findZip64Record(source, endRecordAt);

  // 8: entries on this disk; 12: length of the central directory (APPNOTE 4.3.16)
  const entriesHere = endRecord.readUInt16LE(8);
  const lengthBytes = endRecord.readUInt32LE(12);

  if (zip64RecordAt === undefined) {
    return {
      isZip64: false,
      centralDirectoryBytes: lengthBytes,
      centralDirectoryEnd: endRecordAt,
      entriesHere,
    };
  }

  // 40 of the Zip64 end record: length of the central directory (APPNOTE 4.3.14)
  const centralDirectoryBytes =
    lengthBytes === SEE_ZIP64
      ? Number((await source.read(zip64RecordAt + 40, 8)).readBigUInt64LE(0))
      : lengthBytes;

  return {
    isZip64: true,
    centralDirectoryBytes,
    centralDirectoryEnd: zip64RecordAt,
    entriesHere,
  };
}

/** The offset of the Zip64 end record, by the locator before the end record (APPNOTE 4.3.15); undefined without one. */
async function findZip64Record(
  source: RandomAccessSource,
  endRecordAt: number,
): Promise<number | undefined> {
  if (endRecordAt < ZIP64_LOCATOR_BYTES) return undefined;

  const locator = await source.read(
    endRecordAt - ZIP64_LOCATOR_BYTES,
    ZIP64_LOCATOR_BYTES,
  );

  // 0: signature; 8: offset of the Zip64 end record
  return locator.readUInt32LE(0) === ZIP64_LOCATOR_SIGNATURE
    ? Number(locator.readBigUInt64LE(8))
    : undefined;
}

/** Serves yauzl's small reads from a window that moves through the file. */
class WindowedReader extends RandomAccessReader {
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(private readonly source: RandomAccessSource) {
    super();
  }

  override _readStreamForRange(): Readable {
    return Readable.from([]);
  }

  // eslint-disable-next-line max-params -- yauzl's interface
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#fill(position, length).then(
      () => {
        const at = position - this.#start;
        callback(null, this.#window.copy(buffer, offset, at, at + length));
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #fill(position: number, length: number): Promise<void> {
    const { sizeBytes } = this.source;
    if (!(position >= 0 && position + length <= sizeBytes)) {
      throw new Error(
        `byte ${position} lies outside the file of ${sizeBytes} bytes`,
      );
    }

    if (
      position >= this.#start &&
      position + length <= this.#start + this.#window.length
    ) {
      return;
    }

    const bytes = Math.max(
      length,
      Math.min(WINDOW_BYTES, sizeBytes - position),
    );

    this.#window = await this.source.read(position, bytes);
    this.#start = position;
  }
}
