import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DamagedArchiveError, errnoOf, NotFoundError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { toSystemError } from '../platform/system-error.js';
import {
  type ArchiveType,
  isLegacyDirectoryName,
  parseVolumeName,
} from './names.js';

/** One volume of an archive as it lies in the backup directory. */
export interface VolumeFileInfo {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** The files of one archive, found by their names; nothing is said about what is in them. */
export interface ArchiveFiles {
  /** `F20060118T220007Z` */
  readonly stem: string;
  readonly type: ArchiveType;
  /** UTC */
  readonly takenAt: Date;
  readonly directory: string;
  /** In order; gaps are in `missingVolumes`. */
  readonly volumes: readonly VolumeFileInfo[];
  /** Volumes that must exist because a later one does. */
  readonly missingVolumes: readonly number[];
  readonly sizeBytes: number;
}

/** Tells one state of an archive's files from another: a published volume does not change. */
export function identityOf({ volumes }: ArchiveFiles): string {
  return JSON.stringify(
    volumes.map(({ path, sizeBytes, mtimeMs }) => [path, sizeBytes, mtimeMs]),
  );
}

/**
 * All archives of a directory, oldest first; at one second a differential comes after its full. Files of other names are
 * not looked at.
 * @throws {NotFoundError} when the directory does not exist or is a file
 */
export function listArchiveFiles(directory: string): ArchiveFiles[] {
  tellStep(`archives of ${directory}`);

  const volumes = new Map<string, Map<number, VolumeFileInfo>>();
  for (const name of readNames(directory)) {
    const parsed = parseVolumeName(name);
    if (!parsed) continue;

    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile()) continue;

    const own = volumes.get(parsed.stem) ?? new Map<number, VolumeFileInfo>();
    volumes.set(
      parsed.stem,
      own.set(parsed.volume, {
        path,
        name,
        sizeBytes: stats.size,
        mtimeMs: stats.mtimeMs,
      }),
    );
  }

  return [...volumes]
    .map(([stem, own]) => toArchiveFiles(directory, stem, own))
    .sort(
      (a, b) =>
        a.takenAt.getTime() - b.takenAt.getTime() ||
        order(a.type) - order(b.type),
    );
}

const order = (type: ArchiveType): number => (type === 'differential' ? 1 : 0);

function toArchiveFiles(
  directory: string,
  stem: string,
  own: Map<number, VolumeFileInfo>,
): ArchiveFiles {
  const parsed = parseVolumeName(`${stem}.zip`);
  if (!parsed) throw new Error(`${stem} is no archive's name`);

  const last = Math.max(...own.keys());
  const present = [...own]
    .sort(([a], [b]) => a - b)
    .map(([, volume]) => volume);

  return {
    stem,
    type: parsed.type,
    takenAt: parsed.takenAt,
    directory,
    volumes: present,
    missingVolumes: Array.from(
      { length: Math.min(last, 100_000) },
      (_, index) => index,
    ).filter((n) => !own.has(n)),
    sizeBytes: present.reduce((sum, volume) => sum + volume.sizeBytes, 0),
  };
}

/**
 * The archive that a file belongs to, whichever of its volumes is named. A file of another name is an archive of its own:
 * somebody may have renamed it, and what it is its content tells.
 * @throws {NotFoundError} when there is no such file
 */
export function findArchiveFiles(path: string): ArchiveFiles {
  const parsed = parseVolumeName(basename(path));
  const directory = dirname(path);
  const stats = statSync(path, { throwIfNoEntry: false });

  if (!stats?.isFile()) {
    throw new NotFoundError(`there is no archive ${path}`, {
      hints: ['List what is there with list-archives DIR.'],
    });
  }

  if (parsed) {
    const files = listArchiveFiles(directory).find(
      ({ stem }) => stem === parsed.stem,
    );
    if (files) return files;
  }

  const volume = {
    path,
    name: basename(path),
    sizeBytes: stats.size,
    mtimeMs: stats.mtimeMs,
  };

  return {
    stem: basename(path).replace(/\.zip$/i, ''),
    type: 'full',
    takenAt: stats.mtime,
    directory,
    volumes: [volume],
    missingVolumes: [],
    sizeBytes: stats.size,
  };
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw (
        toSystemError(error, {
          fact: `cannot read the backup directory ${directory}`,
        }) ?? error
      );
    }

    throw new NotFoundError(
      code === 'ENOENT'
        ? `the backup directory ${directory} does not exist`
        : `${directory} is not a directory`,
      {
        hints: [
          'Name it with --backup-dir DIR or as the argument, or mount it first.',
        ],
      },
    );
  }
}

/** Refuses the directories of files that Kerio MailServer 6.0 wrote: nothing is known about their inside. */
export function refuseLegacyDirectory(path: string): void {
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
