import type { CodecName } from '../zip/codec-types.js';
import type { VolumePlace } from '../volume-handle.js';
import type { DirectoryIdentity } from '../../platform/look-again.js';
import type { ReadPace } from './read-pace.js';
import type { ListedDirectory } from '../../store/list-directory.js';
import type { ReadFault } from './read-fault.js';

/** The messages between the main thread and the packing workers. */

/** A file, and the directory that it was listed in. */
export interface ListedFile extends ListedDirectory {
  readonly path: string;
  /** The name of its entry. */
  readonly name: string;
}

/** Pack these files of one directory. */
export interface FilesTask extends ListedDirectory {
  readonly kind: 'files';
  /** The part of an entry's name before the file's name: `@backup/store/mail/example.com/` or nothing. */
  readonly prefix: string;
  readonly names: readonly string[];
}

/** Deflate one chunk of a large file. */
export interface ChunkTask {
  readonly kind: 'chunk';
  readonly path: string;
  readonly identity: DirectoryIdentity;
  readonly followsLinks?: boolean | undefined;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Bytes before the chunk that belong to the same deflate stream. */
  readonly windowBytes: number;
  readonly isLast: boolean;
}

/** Read blocks of a written volume again and compare them with the checksums taken before they were written. */
export interface ReadBackTask {
  readonly kind: 'read-back';
  readonly volume: VolumePlace;
  readonly blocks: readonly WrittenBlock[];
}

/** Copy records of another archive's volume as they lie there, each of them proven on the way. */
export interface CopyTask {
  readonly kind: 'copy';
  readonly volume: VolumePlace;
  /** The records' central headers, in the order in which the records lie. */
  readonly central: Uint8Array;
}

/** Prove one large record of another archive, which is too long for a block. */
export interface ProveTask {
  readonly kind: 'prove';
  readonly volume: VolumePlace;
  /** Its central header. */
  readonly central: Uint8Array;
}

export type PackTask =
  FilesTask | ChunkTask | ReadBackTask | CopyTask | ProveTask;

/** The place of a block in its volume, and its CRC-32. */
export interface WrittenBlock {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly crc: number;
}

/** Whole local headers and data, laid end to end, with their central headers (offsets counted from the block's start). */
export interface BlockMessage {
  readonly slot: number;
  readonly lengthBytes: number;
  readonly crc: number;
  readonly central: Uint8Array;
  readonly entries: number;
  /** The number of messages among the entries. */
  readonly messages: number;
  readonly sourceBytes: number;
}

/** What a thread tells with the files or the chunk that it deflated. */
interface DeflatedResult {
  /** Why zlib took the place of our own engine. */
  readonly engineFault?: string | undefined;
}

export interface FilesResult extends DeflatedResult {
  readonly kind: 'files';
  readonly vanished: readonly string[];
  readonly unreadable: readonly {
    readonly name: string;
    readonly fault: ReadFault;
  }[];
  /** Read twice, and changed both times. */
  readonly unsettled: readonly string[];
  readonly large: readonly string[];
  /** How fast the files were read. */
  readonly pace: ReadPace;
}

export interface ChunkResult extends DeflatedResult {
  readonly kind: 'chunk';
  /** The worker whose slot holds the bytes. */
  readonly worker: number;
  readonly slot: number;
  readonly lengthBytes: number;
  /** Of the compressed bytes. */
  readonly blockCrc: number;
  /** Of the file's bytes. */
  readonly crc: number;
  readonly sourceBytes: number;
}

export interface ReadBackResult {
  readonly kind: 'read-back';
  /** Byte positions of blocks that do not hold what was written. */
  readonly differing: readonly number[];
}

/** A record that cannot be copied, and why. */
export interface CopyFault {
  /** The name of its entry. */
  readonly name: string;
  readonly reason: string;
  /** False where the volume could not be read: that is no damage. */
  readonly isDamage: boolean;
}

export interface CopyResult {
  readonly kind: 'copy';
  /** Of the records in the blocks. */
  readonly files: number;
  readonly storedBytes: number;
  readonly faults: readonly CopyFault[];
}

export interface ProveResult {
  readonly kind: 'prove';
  /** The data as they were proven, piece by piece. */
  readonly pieces: readonly WrittenBlock[];
  readonly fault: CopyFault | undefined;
}

export type PackResult =
  FilesResult | ChunkResult | ReadBackResult | CopyResult | ProveResult;

/** The start data of a packing worker. */
export interface PackWorkerData {
  readonly worker: number;
  readonly memory: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly level: number;
  readonly engine: CodecName;
  /** Files that no volume can hold are left to the main thread, as large ones. */
  readonly largestEntryBytes: number;
}

/** Each smaller than 4 MiB: together about a third of a second at worst. */
const FILES_HERE = 4;

/** The same files in tasks so short that the main thread may do them: it hears no signal meanwhile. */
export function* cutShort(tasks: Iterable<FilesTask>): Generator<FilesTask> {
  for (const task of tasks) {
    for (let from = 0; from < task.names.length; from += FILES_HERE) {
      yield { ...task, names: task.names.slice(from, from + FILES_HERE) };
    }
  }
}
