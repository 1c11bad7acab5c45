import { type EntryPlace, readHead } from './read-entry.js';

/** As much of an entry's compressed data as holds the headers of nearly every mail. */
const HEAD_BYTES = 8 << 10;

/** What an entry is read for. */
export interface Enough {
  readonly isEnough: (bytes: Buffer) => boolean;
  /** Reads it where its beginning is not enough. */
  readonly readMore: () => Buffer;
  /** Used where the entry is smaller, instead of memory of its own. */
  readonly memory?: Buffer | undefined;
}

/** The beginning of an entry where that is enough, or all there is; else more of it. @throws {EntryDamage} */
export function readEnough(
  entry: EntryPlace,
  { isEnough, readMore, memory }: Enough,
): Buffer {
  const size = entry.table.size(entry.index);
  const isRoom = size < (memory?.length ?? 0);
  const bytes = readHead(entry, HEAD_BYTES, isRoom ? memory : undefined);

  return bytes.length >= size || isEnough(bytes) ? bytes : readMore();
}
