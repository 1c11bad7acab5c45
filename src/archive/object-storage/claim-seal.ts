/** Putting the seal of an archive: one step, of which one run of all that try succeeds. */
import { LockedError } from '../../errors.js';
import type {
  ObjectStore,
  UploadOptions,
} from '../../object-store/object-store.js';
import {
  isRefusal,
  ObjectStoreError,
} from '../../object-store/object-store-error.js';
import { archiveName, formatSealName } from '../names.js';
import {
  formatSeal,
  isVolume,
  parseSeal,
  type ReadSeal,
  type Seal,
} from './seal.js';

/** The seal of an archive; undefined where there is none, or where it is not what we write. */
export async function readSeal(
  store: ObjectStore,
  stem: string,
): Promise<ReadSeal | undefined> {
  const bytes = await readBytes(store, formatSealName(stem));

  return bytes && parseSeal(bytes, stem);
}

/** The digest that an archive was sealed with, where it was proven then and its objects are still the sealed ones. */
export async function findSealedDigest(
  store: ObjectStore,
  stem: string,
): Promise<string | undefined> {
  const seal = await readSeal(store, stem);
  if (seal?.isReadBack !== true) return undefined;

  for (const volume of seal.volumes) {
    const facts = await store.head(volume.key);
    if (!facts || !isVolume(facts, volume)) return undefined;
  }

  return seal.digest;
}

async function readBytes(
  store: ObjectStore,
  key: string,
): Promise<Buffer | undefined> {
  try {
    const { bytes } = await store.get(key);

    return bytes;
  } catch (error) {
    if (isRefusal(error, 'NoSuchKey')) return undefined;

    throw error;
  }
}

/** What became of a seal that was to be put. */
export type Claim = 'won' | 'lost' | 'not put';

/**
 * Puts the seal where there is none, and looks what is there then: a server may overlook the condition, and an answer may be
 * lost. It throws where nobody can tell whether the seal is there.
 */
export async function claimSeal(
  store: ObjectStore,
  seal: Seal,
  options: UploadOptions,
): Promise<{ readonly claim: Claim; readonly cause?: unknown }> {
  const key = formatSealName(seal.stem);

  return claimName(store, key, formatSeal(seal), options);
}

/** Puts an object where none is; see `claimSeal`. */
export async function claimName(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  options: UploadOptions,
): Promise<{ readonly claim: Claim; readonly cause?: unknown }> {
  if (await store.head(key)) return { claim: await judge(store, key, bytes) };

  try {
    await putOnce(store, key, bytes, options);
  } catch (cause) {
    return { claim: await judge(store, key, bytes), cause };
  }

  return { claim: await judge(store, key, bytes) };
}

async function judge(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
): Promise<Claim> {
  const there = await readBytes(store, key);
  if (!there) return 'not put';

  return there.equals(bytes) ? 'won' : 'lost';
}

/** As an object, or as an upload of one part where the server knows no condition but there. */
async function putOnce(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  options: UploadOptions,
): Promise<void> {
  try {
    await store.put(key, bytes, { ...options, ifAbsent: true });
  } catch (error) {
    if (!isRefusal(error, 'NotImplemented')) throw error;

    await completeOnce(store, key, bytes, options);
  }
}

async function completeOnce(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  options: UploadOptions,
): Promise<void> {
  const uploadId = await store.beginUpload(key, options);

  try {
    const part = await store.putPart(key, uploadId, 1, bytes);
    await store.completeUpload(key, uploadId, [part], { ifAbsent: true });
  } catch (error) {
    await store.abortUpload(key, uploadId);
    throw error;
  }
}

/** The error of a run whose archive's name another run has taken. */
export function lostRace(storeName: string, stem: string): LockedError {
  return new LockedError(
    `another run has published ${archiveName(stem)} in ${storeName} meanwhile: nothing of this one is published`,
    {
      hints: [
        'Let one machine at a time back up to a bucket and prefix, or give each one a prefix of its own.',
      ],
    },
  );
}

/** The error with which sending ended: who publishes first drops the uploads of all others. */
export async function raceOr(
  store: ObjectStore,
  stem: string,
  error: unknown,
): Promise<unknown> {
  if (!isRefusal(error, 'NoSuchUpload')) return error;

  return (await store.head(formatSealName(stem)))
    ? lostRace(store.name, stem)
    : error;
}

/** The server said no, at the first try: nothing was done. */
export function isRefused(cause: unknown): boolean {
  return (
    cause instanceof ObjectStoreError &&
    cause.status >= 400 &&
    cause.status < 500 &&
    !cause.mayBeDone
  );
}
