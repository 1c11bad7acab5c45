/** Removing an archive from a bucket: its first volume first, so that nothing looks whole, and its seal last. */
import { FailedError } from '../../errors.js';
import type { ObjectFacts } from '../../object-store/object-store.js';
import { isRefusal } from '../../object-store/object-store-error.js';
import {
  archiveName,
  firstNames,
  formatSealName,
  isSealedName,
  parseVolumeName,
} from '../names.js';
import type { Storage } from '../storage.js';
import type { Bucket } from './bucket.js';
import { dropJournal, writeJournal } from './publication-journal.js';

/** Where an archive is removed. */
export interface RemovalPlace {
  readonly bucket: Bucket;
  /** The state directory of the bucket. */
  readonly own: Storage;
  readonly now: () => Date;
}

/**
 * Removes an archive, unless one of its objects is locked.
 * @returns until when it is locked, and stays whole; undefined where it is gone
 * @throws {FailedError} where the credentials may not remove anything
 */
export async function removeFromBucket(
  { bucket, own, now }: RemovalPlace,
  stem: string,
): Promise<Date | undefined> {
  const objects = await lookAtAll(bucket, stem);
  const until = Math.max(
    0,
    ...objects.map(({ lockedUntil }) => lockedUntil?.getTime() ?? 0),
  );
  if (until > now().getTime()) return new Date(until);

  await writeJournal(own, { stem, act: 'remove', run: '', uploads: [] });

  try {
    await removeObjects(bucket, stem);
  } catch (error) {
    if (!isRefusal(error, 'AccessDenied')) throw error;

    if (await lookAtFirst(bucket, stem)) await dropJournal(own, stem);

    throw new FailedError(
      `these credentials may not remove it from ${bucket.name}: rotate with others that may, on another machine`,
      { cause: error },
    );
  }

  await dropJournal(own, stem);

  return undefined;
}

/** Each object of an archive at this moment: a list may be older. @throws {FailedError} where the first volume is not there */
async function lookAtAll(bucket: Bucket, stem: string): Promise<ObjectFacts[]> {
  const found: ObjectFacts[] = [];

  for (const key of await keysOf(bucket, stem)) {
    const facts = await bucket.look(key);
    if (facts) found.push(facts);
  }

  const first = firstNames(stem);
  if (found.some(({ key }) => first.includes(key))) return found;

  const path = bucket.pathOf(archiveName(stem));

  throw new FailedError(`${path} was listed, and is not there`);
}

/** Removes what is there of an archive; may be called again after it was interrupted. */
export async function removeObjects(
  bucket: Bucket,
  stem: string,
): Promise<void> {
  const store = await bucket.store();
  const keys = await keysOf(bucket, stem);
  const first = firstNames(stem);

  for (const key of first.filter((name) => isFirstToGo(name, keys))) {
    await store.remove(key);
    if (await bucket.look(key)) {
      throw new FailedError(
        `${bucket.pathOf(key)} was removed, and is still there`,
      );
    }
  }

  for (const key of await keysOf(bucket, stem)) {
    if (!first.includes(key)) await store.remove(key);
  }
}

/** A list may not have yet what is there: where it has no first volume, the usual one is removed all the same. */
function isFirstToGo(name: string, listed: readonly string[]): boolean {
  return listed.includes(name) || !isSealedName(name);
}

async function lookAtFirst(bucket: Bucket, stem: string): Promise<boolean> {
  for (const name of firstNames(stem)) {
    if (await bucket.look(name)) return true;
  }

  return false;
}

/** In the order in which they go: the volumes, what else belongs to the archive, the seal. */
async function keysOf(bucket: Bucket, stem: string): Promise<string[]> {
  const keys = (await bucket.list())
    .map(({ key }) => key)
    .filter((key) => key.startsWith(`${stem}.`));

  return keys.sort((a, b) => rank(stem, a) - rank(stem, b));
}

function rank(stem: string, key: string): number {
  if (key === formatSealName(stem)) return Infinity;

  return parseVolumeName(key)?.volume ?? Number.MAX_SAFE_INTEGER;
}
