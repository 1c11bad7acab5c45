/** The room for an archive: before its first byte, and while it is written. */
import { statSync } from 'node:fs';
import type { Catalogue } from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import { errnoOf, NoSpaceError } from '../errors.js';
import { diskSpaceOf, existingAncestor } from '../platform/disk-space.js';
import { formatSize } from '../platform/units.js';
import type { SpaceWatch } from '../archive/write/space-watch.js';
import { estimateArchive, findExamples, measurePlan } from './estimate.js';
import type { BackupPlan } from './plan-archive.js';
import type { BackupEstimate, BackupRequest } from './request.js';

const HINTS = [
  'Free space there, or lower the number of kept backups.',
  'What is to stay free is --min-free, [backup] min-free of kms-backup.ini, or else StoreFreeSoftLimit of mailserver.cfg where the store is on the same disk.',
];

/**
 * The archive as it will be, and the room for it.
 * @param isExact every file is looked at, also where the last archive tells how large they are
 */
export async function estimateBackup(
  request: BackupRequest,
  catalogue: Catalogue,
  plan: BackupPlan,
  isExact: boolean,
): Promise<BackupEstimate> {
  const examples = await findExamples(catalogue);
  const like = isExact ? undefined : examples.whole;
  const amount = {
    sourceBytes: await measurePlan(plan, like),
    copiedBytes: plan.reused?.storedBytes ?? 0,
  };

  const { freeBytes, minFreeBytes } = await findRoom(request);

  return {
    ...estimateArchive(plan.type, amount, examples),
    freeBytes,
    minFreeBytes,
  };
}

/** The room for an archive, where there is least of it. */
interface Room {
  /** Undefined where nobody can tell. */
  readonly freeBytes: number | undefined;
  /** What is to stay free there. */
  readonly minFreeBytes: number;
  readonly place: string;
}

/** What is sealed on its way into a directory lies in two places at once, which may be one disk. */
async function findRoom(request: BackupRequest): Promise<Room> {
  const { storage } = request;
  const { spool } = storage;
  const there = await roomIn(storage, request);
  if (!spool) return there;

  const here = await roomIn(spool, request);
  if (there.freeBytes === undefined || here.freeBytes === undefined) {
    return here.freeBytes === undefined ? there : here;
  }

  const device = deviceOf(spool.localDirectory);
  if (device !== undefined && device === deviceOf(storage.localDirectory)) {
    const place = `${storage.name} and ${spool.name} together, for each of the two`;

    const freeBytes = Math.floor(there.freeBytes / 2);

    return { ...there, freeBytes, place };
  }

  const isLessHere =
    here.freeBytes - here.minFreeBytes < there.freeBytes - there.minFreeBytes;

  return isLessHere ? here : there;
}

async function roomIn(
  place: Pick<Storage, 'name' | 'freeSpace' | 'localDirectory'>,
  request: BackupRequest,
): Promise<Room> {
  const space = await place.freeSpace();

  return {
    freeBytes: space?.freeBytes,
    minFreeBytes: minFreeIn(place.localDirectory, request),
    place: place.name,
  };
}

/** @throws {NoSpaceError} where the archive would leave less than is to stay free */
export async function refuseWithoutRoom(
  request: BackupRequest,
  { storedBytes, freeBytes, minFreeBytes, like }: BackupEstimate,
): Promise<void> {
  if (freeBytes === undefined || freeBytes - storedBytes >= minFreeBytes) {
    return;
  }

  const { place } = await findRoom(request);
  const basis = like === undefined ? '' : `, judged by ${like}`;
  const stays =
    minFreeBytes > 0
      ? `, and ${formatSize(minFreeBytes)} are to stay free`
      : '';

  throw new NoSpaceError(
    `${formatSize(freeBytes)} are free in ${place}; the archive takes about ${formatSize(storedBytes)}${basis}${stays}`,
    { hints: HINTS },
  );
}

/** Asking the disk costs a few microseconds. */
const LOOK_EACH_BYTES = 8 << 20;

/**
 * Looks at the disks while a volume is written, and when it ends and the next one begins.
 * @throws {NoSpaceError} where less is free than is to stay free
 */
export function watchSpace(request: BackupRequest): SpaceWatch | undefined {
  const { storage } = request;
  const watched = [storage.spool?.localDirectory, storage.localDirectory]
    .filter((directory) => directory !== undefined)
    .map((directory) => ({
      directory,
      minFreeBytes: minFreeIn(directory, request),
    }))
    .filter(({ minFreeBytes }) => minFreeBytes > 0);
  if (watched.length === 0) return undefined;

  let unwatchedBytes = 0;

  const look = (): void => {
    unwatchedBytes = 0;

    for (const { directory, minFreeBytes } of watched) {
      refuseLess(directory, minFreeBytes);
    }
  };

  const writes = (bytes: number): void => {
    unwatchedBytes += bytes;

    if (unwatchedBytes >= LOOK_EACH_BYTES) look();
  };

  return {
    look,
    writes,
  };
}

function refuseLess(directory: string, minFreeBytes: number): void {
  const space = diskSpaceOf(existingAncestor(directory));
  const freeBytes = space?.freeBytes ?? minFreeBytes;
  if (freeBytes >= minFreeBytes) return;

  throw new NoSpaceError(
    `${formatSize(freeBytes)} are left in ${directory}, and ${formatSize(minFreeBytes)} are to stay free`,
    {
      hints: [
        ...HINTS,
        'Nothing was published; earlier archives are untouched.',
      ],
    },
  );
}

/** What is to stay free in a place. Below the server's own soft limit it warns its administrator, and further down it takes no mail. */
function minFreeIn(
  directory: string | undefined,
  { minFreeBytes, settings }: BackupRequest,
): number {
  if (minFreeBytes !== undefined) return minFreeBytes;

  const device = deviceOf(directory);
  const isShared =
    device !== undefined && device === deviceOf(settings.storeDir);

  return isShared ? settings.storeSoftLimitBytes : 0;
}

/** Of a directory that is not there yet, that of the nearest one above. */
function deviceOf(directory: string | undefined): number | undefined {
  if (directory === undefined) return undefined;

  try {
    return statSync(existingAncestor(directory)).dev;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}
