/** Finds the storage of a path, a bucket or a place. No other file knows the kinds of storage. */
import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DamagedArchiveError } from '../errors.js';
import { localStorage } from './local-storage.js';
import { isLegacyDirectoryName } from './names.js';
import type { BucketTarget } from './object-storage/bucket.js';
import { objectStorage } from './object-storage/object-storage.js';
import { threadStorage } from './object-storage/thread-storage.js';
import {
  directoryTarget,
  type DirectoryTarget,
} from './sealed-directory/sealed-directory.js';
import type { ReadableStorage, Storage, StoragePlace } from './storage.js';

/** The storage that a setting or an argument names. */
export function storageAt(
  where: string | BucketTarget | DirectoryTarget,
): Storage {
  if (typeof where === 'string') return localStorage(where);

  return 'directory' in where ? directoryTarget(where) : objectStorage(where);
}

/** The storage that another thread has, opened anew in this one. */
export function openStorage(place: StoragePlace): ReadableStorage {
  return place.kind === 'local'
    ? localStorage(place.directory)
    : threadStorage(place);
}

/** The meaning of an argument that names a storage, or an archive in one. */
export interface ArchivePlace {
  readonly storage: Storage;
  /** The archive's file, whichever of its volumes; undefined where all archives of the storage are meant. */
  readonly fileName: string | undefined;
}

/**
 * Tells a directory of archives from one of its archives.
 * @param storageOf the storage of a directory, which settings may say more of
 * @throws {DamagedArchiveError} for what Kerio MailServer 6.0 wrote: nothing is known about its inside
 */
export function locateArchives(
  given: string,
  storageOf: (directory: string) => Storage = storageAt,
): ArchivePlace {
  const path = resolve(given);
  refuseLegacyDirectory(path);

  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return { storage: storageOf(path), fileName: undefined };
  }

  return { storage: storageOf(dirname(path)), fileName: basename(path) };
}

function refuseLegacyDirectory(path: string): void {
  if (!isLegacyDirectoryName(basename(path))) return;

  throw new DamagedArchiveError(
    `${path} is a backup of Kerio MailServer 6.0, which only that version can read`,
    {
      hints: [
        'Recover it with the kmsrecover of MailServer 6.0, then back up with this tool.',
      ],
    },
  );
}
