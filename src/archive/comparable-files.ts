import type { EntryFacts } from './same-file.js';

/** The files of a moment directory by directory, of an archive or of the live store, ready to be compared. */

/** The files of one directory, by numbers in the order of their names: a million must not become a million objects. */
export interface ComparableFiles {
  /** The directory's entry name with its final `/`: `@backup/store/mail/example.com/`; empty for the archive's root. */
  readonly prefix: string;
  /** Their names in the directory. */
  readonly names: readonly string[];
  /** Of a file that was split the size of the whole. */
  sizeAt(file: number): number;
  factsAt(file: number): EntryFacts;
  /** The CRC-32 of a file's content; undefined where it is not known without reading. */
  crcAt(file: number): number | undefined;
  /** The same, read where need be; undefined where nobody can tell it: the file is gone, or cannot be read. */
  readCrcAt(file: number): Promise<number | undefined>;
}

/** A look at one directory. */
export interface ComparableDirectory {
  /** Undefined where the directory could not be listed: it is among the skipped. */
  readonly files: ComparableFiles | undefined;
  /** The entry names of what is there and was not looked at: links, what cannot be listed (with a final `/`). */
  readonly skipped: readonly string[];
}

/** The directory that nobody has. */
export function noFiles(prefix: string): ComparableFiles {
  return {
    prefix,
    names: [],
    sizeAt: () => 0,
    factsAt: () => {
      throw new Error('there is no file');
    },
    crcAt: () => undefined,
    readCrcAt: () => Promise.resolve(undefined),
  };
}
