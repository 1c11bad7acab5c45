/**
 * The meaning of --backup-dir and of DIR and FILE arguments:
 *
 *   /mnt/server-backup        a directory
 *   s3://bucket/prefix        a bucket; its settings are those of the target that names both, else the environment's
 *   offsite                   the target of kms-backup.ini with that name; a directory of that name is ./offsite
 *                             A directory that a target names has the settings of that target
 *   …/F20060118T220007Z.zip   an archive in one of them
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Storage } from '../archive/storage.js';
import {
  type ArchivePlace,
  locateArchives,
  storageAt,
} from '../archive/storages.js';
import { ConfigurationError, NotFoundError, UsageError } from '../errors.js';
import { readIniFile } from '../settings/ini-file.js';
import {
  isTargetName,
  type TargetSettings,
  toPrefix,
} from '../settings/target-section.js';
import {
  directoryTargetAt,
  placeOfTarget,
  targetOfAddress,
} from './bucket-targets.js';
import { findServer, type ServerFlags } from './server.js';
import {
  BACKUP_DIR,
  choose,
  type SourceFlags,
  type Sources,
} from './setting-sources.js';

/**
 * The archives that an argument names.
 * @throws {UsageError} for an address that is none · {ConfigurationError} when kms-backup.ini is needed and wrong
 */
export function locate(given: string, flags: ServerFlags): ArchivePlace {
  return (
    locateTarget(given, flags) ??
    locateArchives(given, (directory) => directoryAt(directory, flags))
  );
}

/** The storage that archives are written to and counted in. @throws as `locate` */
export function chooseStorage(
  flags: ServerFlags & SourceFlags,
  sources: Omit<Sources, 'flags'>,
): Storage {
  return locateStorage(choose(BACKUP_DIR, { ...sources, flags }), flags);
}

/** The storage that an argument names, which is no archive. @throws as `locate` */
export function locateStorage(given: string, flags: ServerFlags): Storage {
  const place = locateTarget(given, flags);
  if (!place) return directoryAt(resolve(given), flags);

  if (place.fileName !== undefined) {
    throw new UsageError(`${given} is an archive, no place for archives`, {
      hints: ['Name bucket and prefix alone.'],
    });
  }

  return place.storage;
}

/** The path or address of an archive, as other commands take it. @param given the argument that named the place */
export function archivePathIn(
  { storage, fileName }: ArchivePlace,
  given: string,
  archive: string,
): string {
  if (storage.localDirectory === undefined) return storage.pathOf(archive);

  return fileName === undefined ? join(given, archive) : given;
}

/** A directory with what kms-backup.ini says of it; a file that is broken keeps nobody from reading there. */
function directoryAt(path: string, flags: ServerFlags): Storage {
  try {
    const target = directoryTargetAt(path, readTargets(flags));

    return storageAt(target ? placeOfTarget(target) : path);
  } catch (error) {
    if (error instanceof ConfigurationError) return storageAt(path);

    throw error;
  }
}

/** The settings of the targets; none where there is no server. */
function readTargets(flags: ServerFlags): readonly TargetSettings[] {
  try {
    return readIniFile(findServer(flags).dir).targets;
  } catch (error) {
    if (error instanceof NotFoundError) return [];

    throw error;
  }
}

/** Undefined where the argument is a path of this machine. */
function locateTarget(
  given: string,
  flags: ServerFlags,
): ArchivePlace | undefined {
  if (/^s3:/i.test(given)) {
    const { fileName, ...address } = parseAddress(given);
    const bucket = targetOfAddress(address, readTargets(flags));

    return { storage: storageAt(bucket), fileName };
  }

  const [name = '', fileName, rest] = given.split('/');
  const isArchive = fileName === undefined || isArchiveFile(fileName);
  if (!isTargetName(name) || !isArchive || rest !== undefined) return undefined;

  const target = findTarget(name, given, flags);

  return target && { storage: storageAt(placeOfTarget(target)), fileName };
}

/** A file of settings that is broken keeps nobody from a directory. */
function findTarget(
  name: string,
  path: string,
  flags: ServerFlags,
): TargetSettings | undefined {
  try {
    return readTargets(flags).find((target) => target.name === name);
  } catch (error) {
    if (error instanceof ConfigurationError && existsSync(path)) {
      return undefined;
    }

    throw error;
  }
}

/** Bucket and prefix, and the archive's file behind them. */
interface BucketAddress {
  readonly bucket: string;
  readonly prefix: string;
  readonly fileName: string | undefined;
}

/** @throws {UsageError} for what is no address of a bucket */
export function parseAddress(given: string): BucketAddress {
  const match = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]+)(?:\/(.*))?$/i.exec(given);
  if (!match) {
    // Not what stands there: somebody may have put keys into it.
    throw new UsageError('an address of a bucket is s3://BUCKET/PREFIX', {
      hints: [
        'Keys come from the environment, a file or a target: see kms-backup target --help.',
      ],
    });
  }

  const [, bucket = '', path = ''] = match;
  const steps = toPrefix(path).split('/');
  const last = steps.at(-1) ?? '';
  const fileName = isArchiveFile(last) ? last : undefined;
  const below = fileName === undefined ? steps : steps.slice(0, -1);

  return { bucket, prefix: below.join('/'), fileName };
}

function isArchiveFile(name: string): boolean {
  return /\.zip(\.age)?$/i.test(name);
}
