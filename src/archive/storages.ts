/** Finds the storage of a path or a place. No other file knows the kinds of storage. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DamagedArchiveError } from '../errors.js';
import { localStorage } from './local-storage.js';
import { isLegacyDirectoryName } from './names.js';
import type { Storage, StoragePlace } from './storage.js';

/** The storage that a setting or an argument names. */
export function storageAt(path: string): Storage {
  return localStorage(path);
}

/** The storage that another thread has, opened anew in this one. */
export function openStorage({ directory }: StoragePlace): Storage {
  return localStorage(directory);
}

/** The meaning of an argument that names a backup directory, or an archive in one. */
export interface ArchivePlace {
  readonly storage: Storage;
  /** The archive's file, whichever of its volumes; undefined where all archives of the storage are meant. */
  readonly fileName: string | undefined;
}

/**
 * Tells a directory of archives from one of its archives.
 * @throws {DamagedArchiveError} for what Kerio MailServer 6.0 wrote: nothing is known about its inside
 */
export function locateArchives(path: string): ArchivePlace {
  refuseLegacyDirectory(path);

  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return { storage: storageAt(path), fileName: undefined };
  }

  return { storage: storageAt(dirname(path)), fileName: basename(path) };
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
