/** The room for an archive: before its first byte, and between its volumes. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Catalogue } from '../archive/backup-directory.js';
import { errnoOf, NoSpaceError } from '../errors.js';
import { diskSpaceOf } from '../platform/disk-space.js';
import { formatSize } from '../platform/units.js';
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

  const { storage } = request;
  const space = await (storage.spool ?? storage).freeSpace();

  return {
    ...estimateArchive(plan.type, amount, examples),
    freeBytes: space?.freeBytes,
    minFreeBytes: minFreeOf(request),
  };
}

/** @throws {NoSpaceError} where the archive would leave less than is to stay free */
export function refuseWithoutRoom(
  { storage }: BackupRequest,
  { storedBytes, freeBytes, minFreeBytes, like }: BackupEstimate,
): void {
  if (freeBytes === undefined || freeBytes - storedBytes >= minFreeBytes) {
    return;
  }

  const place = (storage.spool ?? storage).name;
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

/**
 * Looks at the disk when a volume ends and the next one begins.
 * @throws {NoSpaceError} where less is free than is to stay free
 */
export function watchSpace(request: BackupRequest): () => void {
  const directory = request.storage.localDirectory;
  const minFreeBytes = minFreeOf(request);
  if (directory === undefined || minFreeBytes === 0) return () => undefined;

  return () => {
    const freeBytes = diskSpaceOf(directory)?.freeBytes ?? minFreeBytes;
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
  };
}

/** Below the server's own soft limit it warns its administrator, and further down it takes no mail. */
function minFreeOf({ minFreeBytes, settings, storage }: BackupRequest): number {
  if (minFreeBytes !== undefined) return minFreeBytes;

  const backups = deviceOf(storage.localDirectory);
  const isShared =
    backups !== undefined && backups === deviceOf(settings.storeDir);

  return isShared ? settings.storeSoftLimitBytes : 0;
}

/** Of a directory that is not there yet, that of the directory above. */
function deviceOf(directory: string | undefined): number | undefined {
  if (directory === undefined) return undefined;

  try {
    return (
      statSync(directory, { throwIfNoEntry: false }) ??
      statSync(dirname(directory), { throwIfNoEntry: false })
    )?.dev;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return undefined;
  }
}
