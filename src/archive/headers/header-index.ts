/**
 * The messages of all archives of a storage, each once: where it lies, in which points in time it is, and the headers that
 * people search by, folded. A search makes it, and `header-cache.ts` keeps it beside the archives.
 */
import type { ArchiveType } from '../names.js';
import type { TextColumn } from './text-column.js';

/** An archive as it was when its central directories were read. Its place in the list is its number in the records. */
export interface IndexedArchive {
  readonly stem: string;
  readonly type: ArchiveType;
  readonly takenAtMs: number;
  /** Names, sizes and times of its volumes: an archive that was replaced is another one. */
  readonly identity: string;
  /** The number of the full that it is measured against. */
  readonly base: number | undefined;
  /** False: it is no point in time of the mail, because it holds none or cannot be looked into. */
  readonly isPoint: boolean;
  /** False where a volume is lost: mail that was not found may be in it. */
  readonly isWhole: boolean;
  /** False for a differential that the server wrote: it does not say which files were deleted. */
  readonly knowsDeletions: boolean;
  /** What stood in the way: `volume F….1.zip is missing`. */
  readonly note: string | undefined;
}

/** A directory below `mail/` of any archive. */
export interface IndexedDirectory {
  /** Below the store, with its final `/`: `mail/example.com/alice/INBOX/#msgs/`. */
  readonly path: string;
  readonly hasMessages: boolean;
  /** The messages in it, of all archives, are among the records. */
  readonly isCovered: boolean;
}

/** A field of the headers that is searched. */
export type HeaderField = 'from' | 'to' | 'subject' | 'messageId';

export const HEADER_FIELDS: readonly HeaderField[] = [
  'from',
  'to',
  'subject',
  'messageId',
];

/** The messages as columns: a message under another name, or with other content, is another record. */
export interface RecordColumns {
  readonly count: number;
  /** The number of its directory. */
  readonly directories: Uint32Array;
  /** The name of its entry in that directory. */
  readonly files: TextColumn;
  readonly sizes: Float64Array;
  readonly crcs: Uint32Array;
  /** The time of its file, for a message without a date. */
  readonly receivedMs: Float64Array;
  /** The newest archive that has its entry, and the volume of it, counted from 0. */
  readonly holders: Uint16Array;
  readonly volumes: Uint16Array;
  /** A bit for each archive in whose point it is; `presenceWords` numbers for a record. */
  readonly presence: Uint32Array;
}

/** The headers of all records. */
export interface RecordHeaders {
  /** Milliseconds; NaN where a message has none. */
  dates(): Promise<Float64Array>;
  text(field: HeaderField): Promise<TextColumn>;
}

export interface HeaderIndex {
  /** Oldest first. */
  readonly archives: readonly IndexedArchive[];
  readonly directories: readonly IndexedDirectory[];
  readonly records: RecordColumns;
  /** Undefined where they were not read. */
  readonly headers: RecordHeaders | undefined;
  /** Records whose headers could not be read: nobody knows what they hold. */
  readonly unread: ReadonlySet<number>;
}

const WORD_BITS = 32;

export function presenceWords(archives: number): number {
  return Math.ceil(archives / WORD_BITS);
}

/** Says whether a record is in the point of an archive. */
function isPresent(
  { presence }: Pick<RecordColumns, 'presence'>,
  words: number,
  record: number,
  archive: number,
): boolean {
  const word = presence[record * words + Math.floor(archive / WORD_BITS)] ?? 0;

  return ((word >>> (archive % WORD_BITS)) & 1) === 1;
}

export function setPresent(
  presence: Uint32Array,
  words: number,
  record: number,
  archive: number,
): void {
  const at = record * words + Math.floor(archive / WORD_BITS);
  presence[at] = (presence[at] ?? 0) | (1 << (archive % WORD_BITS));
}

/** The archives in whose points a record is, newest first. */
export function archivesOf(
  { archives, records }: Pick<HeaderIndex, 'archives' | 'records'>,
  record: number,
): number[] {
  const words = presenceWords(archives.length);

  return archives
    .map((_, archive) => archive)
    .filter((archive) => isPresent(records, words, record, archive))
    .reverse();
}

/** Headers that are in memory. @param texts in the order of `HEADER_FIELDS` */
export function headersOf(
  dates: Float64Array,
  texts: readonly TextColumn[],
): RecordHeaders {
  return {
    dates: () => Promise.resolve(dates),
    text: (field) => {
      const text = texts[HEADER_FIELDS.indexOf(field)];

      return text
        ? Promise.resolve(text)
        : Promise.reject(new Error(`there is no ${field}`));
    },
  };
}
