/**
 * Copies of the indexes of sealed archives, in the state directory of their bucket or directory, as they are: a host that cannot open what it has sealed
 * measures differentials against them. Each lies there before its archive can be seen, and one without an archive is removed.
 */
import { messageOf } from '../../errors.js';
import { addNote } from '../../platform/run-notes.js';
import {
  archiveName,
  formatIndexCopyName,
  formatTemporaryIndexName,
  stemOfIndexCopy,
} from '../names.js';
import type { Storage } from '../storage.js';
import type { Seal } from './seal.js';

const PIECE_BYTES = 4 << 20;
const PART = '.part';

/** Where a copy is kept, if one is. */
interface CopyPlace {
  /** The state directory of the bucket. */
  readonly own: Storage;
  readonly workplace: Storage;
  readonly keepsIndex: boolean;
}

/**
 * Keeps a copy of the index of an archive that nobody can see yet: what dies here leaves a copy without an archive. Where it cannot
 * be kept, a warning says what that costs.
 */
export async function keepIndex(
  { own, workplace, keepsIndex }: CopyPlace,
  { stem, index }: { readonly stem: string; readonly index?: unknown },
): Promise<void> {
  if (!index || !keepsIndex) return;

  const name = formatIndexCopyName(stem);

  try {
    await own.remove(name + PART);
    await copy(own, name + PART, workplace, formatTemporaryIndexName(stem));
    await own.publish(name + PART, name, undefined);
    await own.sync();
  } catch (error) {
    const text = `this machine keeps no index of ${archiveName(stem)}: the next differential becomes a full where no identity is given: ${messageOf(error)}`;
    addNote({ kind: 'warning', key: name, text });
  }
}

/** Removes the copies that no differential is measured against any more: an archive of everything has taken their place. */
export async function dropOlderIndexes(
  own: Storage,
  { stem, type, index, facts }: Seal,
): Promise<void> {
  const isBase = type === 'full' && index && !facts?.version?.parts;
  if (!isBase) return;

  // By the times in their names.
  await dropIndexes(own, (kept) => kept.slice(1) < stem.slice(1));
}

async function copy(
  own: Storage,
  name: string,
  workplace: Storage,
  storedAs: string,
): Promise<void> {
  const source = await workplace.openForRanges(storedAs);

  try {
    const file = own.create(name);

    try {
      for (let at = 0; at < source.sizeBytes; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, source.sizeBytes - at);
        file.write(await source.read(at, length), at);
      }
    } catch (error) {
      file.abandon();
      throw error;
    }

    await file.close();
  } finally {
    source.close();
  }
}

/** Removes the copies of all archives of which that is said, and what was half written. */
export async function dropIndexes(
  own: Storage,
  isToGo: (stem: string) => boolean | Promise<boolean>,
): Promise<void> {
  const isCopy = (name: string): boolean =>
    stemOfIndexCopy(name.replace(PART, '')) !== undefined;

  for (const { name } of await own.list(isCopy)) {
    const stem = stemOfIndexCopy(name);
    if (stem === undefined || (await isToGo(stem))) await own.remove(name);
  }
}
