/** Archives in a directory of a disk or share: the storage that every mail server has. */
import {
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf } from '../errors.js';
import { syncDirectory } from '../platform/atomic-file.js';
import { acquireLock, refuseWhileHeld, sightLock } from '../platform/lock.js';
import { readOwnJson, replaceOwnFile } from '../platform/own-file.js';
import { patientlyFor } from '../platform/patience.js';
import {
  lookAtDirectory,
  measureSpace,
  prepareDirectory,
  toListingError,
} from './local-directory.js';
import { LocalWriter, openLocalFile } from './local-file.js';
import { proveLocalSeal, readLocalSeal } from './local-seal.js';
import type { Storage, StorageLock, StoredFile } from './storage.js';

const LOCK_FILE = '.kms-backup.lock';
const LOCKED_THING = 'the backup directory';

/** The time for which `publish` retries a rename that another program, such as a virus scanner, blocks. */
const RENAME_PATIENCE_MS = 60_000;

const FEATURES = {
  renames: true,
  truncates: true,
  syncs: true,
  rangesAtOnce: true,
};

/** @param path of the directory, which need not exist yet */
export function localStorage(path: string): Storage {
  const directory = resolve(path);
  const pathOf = (name: string): string => join(directory, name);
  const reading = readingFrom(pathOf);

  return {
    name: path,
    identity: directory,
    features: FEATURES,
    place: { kind: 'local', directory },
    localDirectory: directory,
    lock: lockOf(pathOf(LOCK_FILE)),

    pathOf,
    list: (isWanted) => promiseOf(() => listFiles(directory, isWanted)),
    ...reading,
    readSeal: (stem) => readLocalSeal(reading, stem),
    proveSeal: (stem, options) => proveLocalSeal(reading, stem, options),

    create: (name) => new LocalWriter(pathOf(name)),
    publish: (name, finalName, signal) =>
      publishFile(pathOf(name), pathOf(finalName), signal),
    remove: (name) =>
      promiseOf(() => {
        rmSync(pathOf(name), { force: true });
      }),
    sync: () =>
      promiseOf(() => {
        syncDirectory(directory);
      }),

    replaceRecord: (name, text) =>
      promiseOf(() => {
        replaceOwnFile(pathOf(name), text);
      }),

    freeSpace: () => promiseOf(() => measureSpace(directory)),
    prepare: (mayCreate) =>
      promiseOf(() => {
        prepareDirectory(directory, mayCreate);
      }),
    standing: () => promiseOf(() => lookAtDirectory(directory)),
  };
}

function readingFrom(
  pathOf: Storage['pathOf'],
): Pick<Storage, 'stat' | 'openForRanges' | 'openAtOnce' | 'readRecord'> {
  const openAtOnce: Storage['openAtOnce'] = (name, shownAs = name) =>
    openLocalFile(pathOf(name), shownAs);

  return {
    stat: (name) => promiseOf(() => lookAtFile(pathOf(name), name)),
    openForRanges: (name, shownAs) =>
      promiseOf(() => openAtOnce(name, shownAs)),
    openAtOnce,
    readRecord: (name, parse) =>
      promiseOf(() => readOwnJson(pathOf(name), parse)),
  };
}

function publishFile(
  path: string,
  finalPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rename = (): void => {
    renameSync(path, finalPath);
  };

  return patientlyFor(RENAME_PATIENCE_MS, rename, signal);
}

/** Does the work at once: a disk answers while one waits. What it throws is the promise's. */
function promiseOf<T>(work: () => T): Promise<T> {
  return new Promise((answer) => {
    answer(work());
  });
}

function lockOf(path: string): StorageLock {
  return {
    take: (options) => acquireLock({ ...options, path, what: LOCKED_THING }),
    sight: (clock) => sightLock(path, clock),
    refuseWhileHeld: () => {
      refuseWhileHeld(path, LOCKED_THING);
    },
  };
}

function listFiles(
  directory: string,
  isWanted: (name: string) => boolean,
): StoredFile[] {
  return readNames(directory)
    .filter(isWanted)
    .flatMap((name) => lookAtFile(join(directory, name), name) ?? []);
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw toListingError(directory, error);
  }
}

/** Links are followed, but to directories: whoever removes such a link must not take it for one. */
function lookAtFile(path: string, name: string): StoredFile | undefined {
  const target = followLinks(path);
  if (target?.isFile()) {
    const { size, mtimeMs } = target;
    return { name, kind: 'file', sizeBytes: size, mtimeMs };
  }

  const own = lstatSync(path, { throwIfNoEntry: false });
  if (!own) return undefined;

  const kind = own.isDirectory() ? 'directory' : 'other';

  return { name, kind, sizeBytes: 0, mtimeMs: own.mtimeMs };
}

/** Undefined where a link leads nowhere, or in a circle. */
function followLinks(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return undefined;

    throw error;
  }
}
