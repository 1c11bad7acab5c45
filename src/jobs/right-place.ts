/**
 * The right disk: whether a backup directory is the one that archives were in, and what is written down so that the next run knows.
 * A bucket is named by its address, and nothing can be mounted in its place: it has no marker.
 */
import { realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { archiveName } from '../archive/names.js';
import {
  newPlaceMarker,
  type PlaceMarker,
  readPlaceMarker,
  writePlaceMarker,
} from '../archive/place-marker.js';
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import { DiskAwayError, errnoOf, messageOf } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { readHistory } from '../history/read-history.js';
import { describeMount } from '../platform/mount-points.js';
import { tellStep } from '../platform/steps.js';
import {
  type KnownPlace,
  noteKnownPlace,
  readKnownPlaces,
} from '../server/known-places.js';
import {
  describeBefore,
  type FoundPlace,
  isOwn,
  judgePlace,
  type RememberedPlace,
} from './judge-place.js';
import type { OpenServer } from './server.js';

/** A backup directory and the server that it is for. */
export interface PlaceOfServer extends OpenServer {
  readonly storage: Storage;
  readonly clock: Clock;
}

export interface PlaceFinding {
  /** `the backup disk seems not to be mounted (14 archives were here last night): /mnt/backup has no archives`. */
  readonly fault: string | undefined;
  readonly hints: readonly string[];
  readonly warning: string | undefined;
}

const NO_FINDING: PlaceFinding = {
  fault: undefined,
  hints: [],
  warning: undefined,
};

/**
 * Refuses a directory that is not the one with the archives.
 * @param isNew --new-target: it is to be another one
 * @returns warnings
 * @throws {DiskAwayError} before anything is made or written there
 */
export async function refuseWrongPlace(
  place: PlaceOfServer,
  isNew: boolean,
): Promise<string[]> {
  const { fault, hints, warning } = await examinePlace(place);
  if (fault !== undefined && !isNew) throw new DiskAwayError(fault, { hints });

  return warning === undefined || isNew ? [] : [warning];
}

/** Looks at a backup directory, and changes nothing. What cannot be looked at has no finding here: whoever uses it says why. */
export async function examinePlace(
  place: PlaceOfServer,
): Promise<PlaceFinding> {
  const { storage, clock } = place;
  if (storage.localDirectory === undefined) return NO_FINDING;

  const remembered = rememberPlace(place);
  const found = await findPlace(place, storage.localDirectory);
  if (!found) return NO_FINDING;

  const { fault, warning } = judgePlace(found, remembered);

  return {
    ...(fault !== undefined && remembered.place
      ? describeFault(storage.name, fault, remembered.place, clock())
      : { fault: undefined, hints: [] }),
    warning: warning === undefined ? undefined : `${storage.name} ${warning}`,
  };
}

function describeFault(
  directory: string,
  fault: string,
  before: KnownPlace,
  now: Date,
): Pick<PlaceFinding, 'fault' | 'hints'> {
  const { fileSystem, isApart } = before;
  const was =
    fileSystem !== undefined && isApart ? `; it was ${fileSystem}` : '';

  return {
    fault: `the backup disk seems not to be mounted (${describeBefore(before, now)}): ${directory} ${fault}`,
    hints: [
      `Mount it${was}.`,
      'Where archives are to begin anew in this place, say so once with --new-target.',
    ],
  };
}

/**
 * Marks the place and remembers what is in it, for the next run. Whatever fails is a warning: the archives are there.
 * @param archives as they were listed last; undefined: they are listed
 * @param isNew --new-target: it may have been another server's
 */
export async function rememberArchives(
  place: PlaceOfServer,
  archives: readonly ArchiveFiles[] | undefined,
  isNew: boolean,
): Promise<string[]> {
  const directory = place.storage.localDirectory;
  if (directory === undefined) return [];

  try {
    const listed = archives ?? (await listArchiveFiles(place.storage));
    await notePlace(place, directory, listed, isNew);

    return [];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return [
      `the next run cannot tell whether ${directory} is the right disk: ${messageOf(error)}`,
    ];
  }
}

async function notePlace(
  place: PlaceOfServer,
  directory: string,
  archives: readonly ArchiveFiles[],
  isNew: boolean,
): Promise<void> {
  const { installation, clock } = place;
  const { place: before, ids } = rememberPlace(place);
  const fileSystem = describeMount(realpathSync(directory));
  const id = await markPlace(place, { ids, isNew, fileSystem });
  const others = (before?.ids ?? []).filter((one) => one !== id);

  noteKnownPlace(installation.dir, {
    directory,
    ids: [...others.slice(-MAX_IDS), ...(id === undefined ? [] : [id])],
    archives: archives.map(({ stem }) => archiveName(stem)),
    at: clock(),
    isApart: liesApart(directory, installation.dir),
    fileSystem,
  });
}

/** Disks that take turns in one place. */
const MAX_IDS = 30;

interface Marking {
  readonly ids: ReadonlySet<string>;
  readonly isNew: boolean;
  readonly fileSystem: string | undefined;
}

/** @returns the id of the place; undefined where it stays another server's */
async function markPlace(
  place: PlaceOfServer,
  { ids, isNew, fileSystem }: Marking,
): Promise<string | undefined> {
  const server = nameOf(place);
  const marker = await readPlaceMarker(place.storage);
  const isOurs = marker && isOwn(marker, ids, server);
  if (marker && !isOurs && !isNew) return undefined;

  const wanted: PlaceMarker = isOurs
    ? { ...marker, server, fileSystem }
    : newPlaceMarker({ server, fileSystem });

  if (JSON.stringify(wanted) !== JSON.stringify(marker)) {
    await writePlaceMarker(place.storage, wanted);
  }

  // Two first runs may have marked it at once.
  return (await readPlaceMarker(place.storage))?.id;
}

function rememberPlace(place: PlaceOfServer): RememberedPlace {
  const places = readKnownPlaces(place.installation.dir);
  const { localDirectory } = place.storage;

  return {
    place:
      places.find(({ directory }) => directory === localDirectory) ??
      recallPlace(place),
    ids: new Set(places.flatMap(({ ids }) => ids)),
    server: nameOf(place),
  };
}

/** Where what was remembered is lost, the history has the archives that went there. */
function recallPlace({
  storage: { name, localDirectory },
  installation,
}: PlaceOfServer): KnownPlace | undefined {
  const runs = readHistory(installation.dir).filter(
    ({ place, facts }) => place === name && facts.archivesThere !== undefined,
  );

  const last = runs.at(-1);
  const there = last?.facts.archivesThere ?? 0;
  if (!last || there === 0 || localDirectory === undefined) return undefined;

  return {
    directory: localDirectory,
    ids: [],
    archives: runs.slice(-there).flatMap(({ facts }) => facts.archive ?? []),
    at: last.endedAt ?? last.startedAt,
    isApart: false,
    fileSystem: undefined,
  };
}

function nameOf({ settings }: PlaceOfServer): string {
  return settings.hostname === '' ? hostname() : settings.hostname;
}

/** Undefined where the system does not let it be looked at. */
async function findPlace(
  { storage, installation }: PlaceOfServer,
  directory: string,
): Promise<FoundPlace | undefined> {
  try {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
      return {
        isThere: false,
        marker: undefined,
        archives: [],
        isApart: false,
      };
    }

    const archives = await listArchiveFiles(storage);

    return {
      isThere: true,
      marker: await readPlaceMarker(storage),
      archives: archives.map(({ stem }) => archiveName(stem)),
      isApart: liesApart(directory, installation.dir),
    };
  } catch (error) {
    tellStep(`${directory} cannot be looked at: ${messageOf(error)}`);

    return undefined;
  }
}

/** Device numbers may be others after each start of the machine; whether two are the same may not. */
function liesApart(directory: string, installDir: string): boolean {
  return statSync(directory).dev !== statSync(installDir).dev;
}
