import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../errors.js';
import type { Turns } from '../platform/turns.js';

/** A folder of the live store as an additive recover finds it: mail comes and goes meanwhile. */

/** A live message that could be one of the archive's: it has the size of one. */
interface LiveMessage {
  /** The file's name: `0000000a.eml`. */
  readonly name: string;
  readonly crc: number;
  readonly sizeBytes: number;
  /** Tells the file from one that took its name later. */
  readonly identity: string;
}

/** The names in a directory, and its messages that could be the same as those of an archive. */
export interface LiveDirectory {
  readonly names: readonly string[];
  readonly messages: ReadonlyMap<string, LiveMessage>;
}

export const EMPTY_DIRECTORY: LiveDirectory = {
  names: [],
  messages: new Map(),
};

/**
 * Looks at the files of a directory; one that is not there is empty.
 * @param sizes those of the archive's messages: a file of another size is not read
 * @param earlier an earlier look: files that are the same since are not read again
 */
export async function surveyDirectory(
  directory: string,
  sizes: ReadonlySet<number>,
  earlier: LiveDirectory,
  turns: Turns,
): Promise<LiveDirectory> {
  const names = listNames(directory);
  const messages = new Map<string, LiveMessage>();

  for (const name of names) {
    const message = readLive(directory, name, sizes, earlier);
    if (message) messages.set(name, message);

    await turns.pass();
  }

  return { names, messages };
}

function readLive(
  directory: string,
  name: string,
  sizes: ReadonlySet<number>,
  { messages }: LiveDirectory,
): LiveMessage | undefined {
  const path = join(directory, name);
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  const sizeBytes = Number(stats?.size);
  if (!stats?.isFile() || !sizes.has(sizeBytes)) return undefined;

  const identity = [stats.ino, stats.mtimeNs, stats.ctimeNs].join(' ');
  const known = messages.get(name);
  if (known?.identity === identity && known.sizeBytes === sizeBytes) {
    return known;
  }

  const bytes = readIfThere(path);

  return (
    bytes && { name, crc: crc32(bytes), sizeBytes: bytes.length, identity }
  );
}

/** The content of a file; undefined where it is gone meanwhile. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;

    throw error;
  }
}

/** The names in a directory; one that is not there has none. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];

    throw error;
  }
}
