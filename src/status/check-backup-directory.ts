import { existsSync, statSync } from 'node:fs';
import { isTemporaryName } from '../archive/names.js';
import type { Storage, StorageStanding } from '../archive/storage.js';
import type { Clock } from '../platform/clock.js';
import { formatSize } from '../platform/units.js';
import type { ServerSettings } from '../server/settings.js';
import { type Check, checkWritable, ok, problem, warning } from './check.js';
import type { StatusOptions } from './status.js';
import type { StatusReport } from './status-report.js';

export function checkBackupDir(
  storage: Storage,
  standing: StorageStanding,
  settings: ServerSettings,
): Check {
  return storage.localDirectory === undefined
    ? checkBucket(storage.name, standing)
    : checkDirectory(storage.name, standing, settings);
}

/** What may be done there, `target test` tries: looking changes nothing. */
function checkBucket(
  address: string,
  { writeFault: fault }: StorageStanding,
): Check {
  const name = 'backup directory';

  return fault === undefined
    ? ok(name, `${address} can be reached and listed`)
    : problem(name, fault, 'See what target test says of it.');
}

function checkDirectory(
  directory: string,
  { state, writeFault, canBeMade }: StorageStanding,
  settings: ServerSettings,
): Check {
  const name = 'backup directory';

  if (state === 'a file') {
    return problem(name, `${directory} is a file`, 'Name a directory.');
  }

  if (state === 'there') {
    return checkWritable(name, directory, writeFault);
  }

  return settings.createsBackupDirectory && canBeMade
    ? warning(
        name,
        `${directory} does not exist yet`,
        'The first backup makes it; make sure that its disk is mounted.',
      )
    : problem(
        name,
        `${directory} does not exist`,
        'Mount the disk or make the directory.',
      );
}

/** The disk that is to be there, or another one. */
export function checkPlace(
  { fault, warning: odd }: StatusOptions['place'],
  storage: Storage,
  { state }: StorageStanding,
): Check {
  const name = 'backup disk';
  if (fault !== undefined) {
    return problem(
      name,
      fault,
      'Mount it, or begin anew: backup full --new-target.',
    );
  }

  if (state !== 'there') return ok(name, notThere(storage.name));

  return odd === undefined
    ? ok(name, 'the right one, as far as is known')
    : warning(name, odd, 'Give each server a backup directory of its own.');
}

/** One disk for both loses both. */
export function checkSeparation(
  backupDir: string | undefined,
  storeDir: string,
): Check {
  const name = 'separate disk';
  if (backupDir === undefined) {
    return ok(name, 'the archives lie in an object store');
  }

  const away = [backupDir, storeDir].find((place) => !existsSync(place));
  if (away !== undefined) return ok(name, notThere(away));

  return statSync(backupDir).dev === statSync(storeDir).dev
    ? warning(
        name,
        'store and backups are on the same file system',
        'Back up to another disk, or copy the archives off.',
      )
    : ok(name, 'store and backups are on different file systems');
}

/** @param mailArchiveBytes what the mail archive adds to the next full backup */
export async function checkSpace(
  storage: Storage,
  status: StatusReport | string,
  mailArchiveBytes: number,
): Promise<Check> {
  const name = 'free space';
  const lastFullBytes =
    typeof status === 'string' ? undefined : lastWholeBytes(status);
  const free = (await storage.freeSpace())?.freeBytes;
  if (free === undefined) {
    return ok(name, `not known: ${storage.name} tells none`);
  }

  const fact = `${formatSize(free)} free`;
  const full =
    lastFullBytes === undefined
      ? []
      : [`the last full backup took ${formatSize(lastFullBytes)}`];
  const added =
    mailArchiveBytes === 0
      ? []
      : [
          `the mail archive, in no full backup yet, takes about ${formatSize(mailArchiveBytes)}`,
        ];

  return free >= (lastFullBytes ?? 0) + mailArchiveBytes
    ? ok(name, [fact, ...added].join('; '))
    : problem(
        name,
        [fact, ...full, ...added].join(', '),
        'Free space, or keep fewer backups: config set keep=N.',
      );
}

/** The size of the last archive that holds everything. */
function lastWholeBytes({ last }: StatusReport): number | undefined {
  return (last.full ?? last.copy)?.sizeBytes;
}

export async function checkLeftovers(
  storage: Storage,
  { state, canBeListed }: StorageStanding,
): Promise<Check> {
  const name = 'leftovers';
  // Other checks say why.
  if (state === 'there' && !canBeListed) return ok(name, notKnown(storage));

  const left = canBeListed ? await storage.list(isTemporaryName) : [];

  return left.length === 0
    ? ok(name, 'no unfinished archive')
    : warning(
        name,
        `${left.length} temporary files of a run that died, or that goes on`,
        'The next backup removes them.',
      );
}

/** A run at work is no fault; one that nobody can see from here, or that has no end, keeps all others out. */
export function checkLock(
  storage: Storage,
  { state, canBeRead }: StorageStanding,
  clock: Clock,
): Check {
  const name = 'lock';
  if (state === 'there' && !canBeRead) return ok(name, notKnown(storage));

  const lock = canBeRead ? storage.lock.sight(clock) : undefined;
  if (!lock) return ok(name, 'nobody works in the backup directory');

  return lock.isSuspicious
    ? warning(name, lock.fact, lock.advice)
    : ok(name, `held by ${lock.fact}`);
}

function notThere(place: string): string {
  return `not known: ${place} is not there`;
}

function notKnown(storage: Storage): string {
  return `not known: ${storage.name} cannot be read`;
}
