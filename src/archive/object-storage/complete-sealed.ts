/** Completing a sealed archive: the same steps for the run that sealed it and for a later one after that died. */
import { FailedError, messageOf } from '../../errors.js';
import type {
  LockMode,
  ObjectFacts,
  ObjectStore,
} from '../../object-store/object-store.js';
import { isRefusal } from '../../object-store/object-store-error.js';
import { formatMinute } from '../../platform/dates.js';
import { tellStep } from '../../platform/steps.js';
import { formatSealName } from '../names.js';
import type { PublicationIssue } from '../storage.js';
import {
  isVolume,
  objectsOf,
  partsOf,
  type Seal,
  type SealedVolume,
} from './seal.js';

/** Until when objects are to be locked. */
export interface ObjectLock {
  readonly mode: LockMode;
  readonly until: Date;
}

/**
 * Makes the index and the volumes of a sealed archive visible, the first one last, and looks at each. What is visible already is only
 * looked at, so that it may be called again and again.
 * @returns what is not locked as it was to be
 * @throws {FailedError} where an object is not the sealed volume, or its parts are gone
 */
export async function completeSealed(
  store: ObjectStore,
  seal: Seal,
  lock: ObjectLock | undefined,
): Promise<PublicationIssue[]> {
  const issues: PublicationIssue[] = [];
  const noteLock = async (facts: ObjectFacts): Promise<void> => {
    const reason = lock && (await lockObject(store, facts, lock));
    if (reason !== undefined) issues.push({ name: facts.key, reason });
  };

  if (lock) await noteLock(await factsOfSeal(store, seal));

  for (const volume of objectsOf(seal).reverse()) {
    tellStep(`completing ${volume.key}`);
    await noteLock(await completeVolume(store, volume));
  }

  return issues;
}

async function factsOfSeal(
  store: ObjectStore,
  { stem }: Seal,
): Promise<ObjectFacts> {
  const key = formatSealName(stem);
  const facts = await store.head(key);
  if (facts) return facts;

  throw new FailedError(`${key} was put in ${store.name}, and is not there`);
}

async function completeVolume(
  store: ObjectStore,
  volume: SealedVolume,
): Promise<ObjectFacts> {
  const { key } = volume;
  const before = await store.head(key);
  if (before) return sealedFacts(store, before, volume);

  const etag = await complete(store, volume);
  const after = await store.head(key);
  if (after) return sealedFacts(store, after, volume, etag);

  throw new FailedError(
    `${key} was completed in ${store.name}, and is not there`,
  );
}

/** The object's ETag; undefined where another run completed it at this moment. */
async function complete(
  store: ObjectStore,
  volume: SealedVolume,
): Promise<string | undefined> {
  const { key, uploadId } = volume;
  const parts = partsOf(volume);

  try {
    const { etag } = await store.completeUpload(key, uploadId, parts, {
      ifAbsent: true,
    });

    return etag;
  } catch (error) {
    if (isRefusal(error, 'PreconditionFailed')) return undefined;
    if (!isRefusal(error, 'NotImplemented')) throw error;

    const { etag } = await store.completeUpload(key, uploadId, parts);

    return etag;
  }
}

function sealedFacts(
  store: ObjectStore,
  facts: ObjectFacts,
  volume: SealedVolume,
  completedAs?: string,
): ObjectFacts {
  if (isVolume(facts, volume, completedAs)) return facts;

  throw new FailedError(
    `${volume.key} in ${store.name} is not what was sealed: it has ${String(facts.sizeBytes)} bytes and the ETag ${facts.etag}`,
    { hints: ['Look who else writes to this bucket and prefix.'] },
  );
}

/**
 * Sees to it that an object is locked so long: a server may overlook what it was told when the upload began.
 * @returns why it is not
 */
async function lockObject(
  store: ObjectStore,
  facts: ObjectFacts,
  { mode, until }: ObjectLock,
): Promise<string | undefined> {
  if (isLockedUntil(facts, until)) return undefined;

  try {
    await store.lockUntil(facts.key, mode, until);
  } catch (error) {
    return `it cannot be locked: ${messageOf(error)}`;
  }

  const again = await store.head(facts.key);
  if (again && isLockedUntil(again, until)) return undefined;

  return `the server does not lock it until ${formatMinute(until)}`;
}

/** Servers keep whole seconds. */
function isLockedUntil({ lockedUntil }: ObjectFacts, until: Date): boolean {
  return (
    lockedUntil !== undefined && lockedUntil.getTime() > until.getTime() - 1000
  );
}
