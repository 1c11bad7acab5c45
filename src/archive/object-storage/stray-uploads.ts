/** Uploads that nobody will complete: they cannot be seen, and are paid for. */
import type {
  ObjectStore,
  UnfinishedUpload,
} from '../../object-store/object-store.js';
import { isRefusal } from '../../object-store/object-store-error.js';
import { formatSealName, stemOfFile } from '../names.js';
import type { BegunUpload } from './publication-journal.js';
import { isSealed, type Seal } from './seal.js';

/** No backup takes so long. */
const DEAD_AFTER_MS = 7 * 86_400_000;

/** What the credentials may not drop stays: a rule of the bucket drops it later, as it does where they may not list. */
export async function dropUploads(
  store: ObjectStore,
  uploads: readonly BegunUpload[],
): Promise<void> {
  for (const { key, uploadId } of uploads) {
    try {
      await store.abortUpload(key, uploadId);
    } catch (error) {
      if (!isRefusal(error, 'AccessDenied')) throw error;
    }
  }
}

/**
 * Drops the uploads of an archive that are not those of its seal: an answer was lost when they began, or their run lost the race.
 * @param seal undefined where there is none: nothing of the archive is kept
 */
export async function dropStrayUploads(
  store: ObjectStore,
  stem: string,
  seal: Seal | undefined,
): Promise<void> {
  const all = await listUploads(store, stem);

  await dropUploads(
    store,
    all.filter(
      ({ key, uploadId }) =>
        isOfArchive(key, stem) && !isSealed(seal, uploadId),
    ),
  );
}

/** None where the credentials or the server do not tell: a rule of the bucket drops old ones then. */
export async function listUploads(
  store: ObjectStore,
  prefix?: string,
): Promise<UnfinishedUpload[]> {
  try {
    return await store.listUploads(prefix);
  } catch (error) {
    if (isRefusal(error, 'AccessDenied', 'NotImplemented')) return [];

    throw error;
  }
}

/** The uploads of archives that were begun so long ago that their run is dead, wherever it ran. */
export function findDead(
  uploads: readonly UnfinishedUpload[],
  now: Date,
): UnfinishedUpload[] {
  return uploads.filter(
    ({ key, startedMs }) =>
      stemOfFile(key) !== undefined &&
      now.getTime() - startedMs > DEAD_AFTER_MS,
  );
}

function isOfArchive(key: string, stem: string): boolean {
  return stemOfFile(key) === stem || key === formatSealName(stem);
}
