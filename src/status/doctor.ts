import { constants, existsSync, statSync } from 'node:fs';
import { isTemporaryName } from '../archive/names.js';
import type { Storage, StorageStanding } from '../archive/storage.js';
import { KmsError } from '../errors.js';
import { accessFault } from '../platform/access-fault.js';
import type { Clock } from '../platform/clock.js';
import { formatSize, plural } from '../platform/units.js';
import { findRunningEngine } from '../server/engine.js';
import { readIniFile } from '../settings/ini-file.js';
import type { Installation } from '../server/installation.js';
import { readNotifyAddress } from '../server/notify-address.js';
import {
  findUnfinishedRecover,
  type UnfinishedRecover,
} from '../server/recover-mark.js';
import { readSettings, type ServerSettings } from '../server/settings.js';
import {
  inspectIfThere,
  readStatus,
  type StatusOptions,
  type StatusReport,
} from './status.js';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly fact: string;
  /** What to do, where it is not ok. */
  readonly advice?: string | undefined;
}

const ok = (name: string, fact: string): Check => ({ name, state: 'ok', fact });
const warning = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'warning',
  fact,
  advice,
});
const problem = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'problem',
  fact,
  advice,
});

/** Reads the settings as one check; without them nothing else can be looked at. */
export function checkConfiguration(installation: Installation): {
  check: Check;
  settings?: ServerSettings;
} {
  try {
    const settings = readSettings(installation);
    readIniFile(installation.dir);

    return {
      check: ok('configuration', `${installation.configPath} is sound`),
      settings,
    };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return {
      check: problem(
        'configuration',
        error.message,
        error.hints[0] ?? 'Mend that line.',
      ),
    };
  }
}

/** Looks at paths, rights, space, clock, engine and archives. */
export async function runChecks(
  installation: Installation,
  options: Pick<StatusOptions, 'storage' | 'clock'> & {
    readonly settings: ServerSettings;
  },
): Promise<Check[]> {
  const { settings, storage } = options;
  const standing = await storage.standing();
  const status = await inspectIfThere(storage)
    .then((states) =>
      readStatus(installation, {
        ...options,
        states,
        storeDir: settings.storeDir,
        maxAgeMs: undefined,
        scheduleWarnings: [],
      }),
    )
    .catch(asFact);

  return [
    checkReadable(
      'store',
      settings.storeDir,
      'Correct StoreDir, mount the disk, or run as root.',
    ),
    checkReadable(
      'users',
      installation.usersConfigPath,
      'It is part of every backup: run as root.',
    ),
    checkBackupDir(storage.name, standing, settings),
    checkSeparation(storage.localDirectory, settings.storeDir),
    await checkSpace(storage, status),
    await checkLeftovers(storage, standing),
    checkLock(storage, standing, options.clock),
    checkRecover(findUnfinishedRecover([installation.dir, settings.storeDir])),
    checkSchedule(settings),
    checkClock(options.clock()),
    await checkEngine(installation),
    checkNotification(settings, readIniFile(installation.dir).smtp.to),
    checkArchives(status),
  ];
}

/** What cannot be read is a finding: the other checks say why. */
function asFact(error: unknown): string {
  if (error instanceof KmsError) return error.message;
  throw error;
}

function checkArchives(status: StatusReport | string): Check {
  const name = 'archives';
  if (typeof status === 'string') {
    return problem(
      name,
      status,
      'Run as a user who may read them, or as root.',
    );
  }

  if (status.level === 'ok') {
    return ok(name, `${plural(status.archives, 'archive')}, all recoverable`);
  }

  const fact = status.warnings.join('; ');

  return status.level === 'critical'
    ? problem(name, fact, 'Run backup full.')
    : warning(name, fact, 'Look at list-archives and run verify.');
}

function checkReadable(name: string, path: string, advice: string): Check {
  const fault = accessFault(path, constants.R_OK);
  return fault === undefined
    ? ok(name, `${path} can be read`)
    : problem(name, `${path}: ${fault}`, advice);
}

function checkBackupDir(
  directory: string,
  { state, writeFault, canBeMade }: StorageStanding,
  settings: ServerSettings,
): Check {
  const name = 'backup directory';

  if (state === 'a file') {
    return problem(name, `${directory} is a file`, 'Name a directory.');
  }

  if (state === 'there') {
    return writeFault === undefined
      ? ok(name, `${directory} can be written`)
      : problem(
          name,
          `${directory}: ${writeFault}`,
          'Give this user the right to write there, or run as root.',
        );
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

/** One disk for both loses both. */
function checkSeparation(
  backupDir: string | undefined,
  storeDir: string,
): Check {
  const name = 'separate disk';
  if (
    backupDir === undefined ||
    !existsSync(backupDir) ||
    !existsSync(storeDir)
  ) {
    return ok(name, 'not looked at');
  }

  return statSync(backupDir).dev === statSync(storeDir).dev
    ? warning(
        name,
        'store and backups are on the same file system',
        'Back up to another disk, or copy the archives off.',
      )
    : ok(name, 'store and backups are on different file systems');
}

async function checkSpace(
  storage: Storage,
  status: StatusReport | string,
): Promise<Check> {
  const last = typeof status === 'string' ? undefined : status.last;
  const lastFullBytes = last?.full?.sizeBytes ?? last?.copy?.sizeBytes;
  const free = (await storage.freeSpace())?.freeBytes;
  if (free === undefined) return ok('free space', 'not looked at');

  const fact = `${formatSize(free)} free`;
  if (lastFullBytes === undefined || free >= lastFullBytes) {
    return ok('free space', fact);
  }

  const full = `the last full backup took ${formatSize(lastFullBytes)}`;

  return problem(
    'free space',
    `${fact}, ${full}`,
    'Free space, or keep fewer backups: config set keep=N.',
  );
}

async function checkLeftovers(
  storage: Storage,
  { canBeListed }: StorageStanding,
): Promise<Check> {
  const left = canBeListed ? await storage.list(isTemporaryName) : [];

  return left.length === 0
    ? ok('leftovers', 'no unfinished archive')
    : warning(
        'leftovers',
        `${left.length} temporary files of a run that died, or that goes on`,
        'The next backup removes them.',
      );
}

/** A run at work is no fault; one that nobody can see from here, or that has no end, keeps all others out. */
function checkLock(
  storage: Storage,
  { canBeRead }: StorageStanding,
  clock: Clock,
): Check {
  const name = 'lock';
  // Other checks say why.
  if (!canBeRead) return ok(name, 'not looked at');

  const lock = storage.lock.sight(clock);
  if (!lock) return ok(name, 'nobody works in the backup directory');

  return lock.isSuspicious
    ? warning(name, lock.fact, lock.advice)
    : ok(name, `held by ${lock.fact}`);
}

function checkRecover(found: UnfinishedRecover | undefined): Check {
  if (!found) return ok('recover', 'none is unfinished');
  return found.isRunning
    ? warning('recover', found.fact, found.advice)
    : problem('recover', found.fact, found.advice);
}

/** Whether anybody works through it is the scheduler's check. */
function checkSchedule({ schedule }: ServerSettings): Check {
  const enabled = schedule.filter(({ isEnabled }) => isEnabled);
  if (enabled.length === 0) {
    return problem(
      'schedule',
      'no task is enabled',
      'schedule reset, or schedule add.',
    );
  }

  return enabled.some(({ type }) => type === 'full')
    ? ok('schedule', `${enabled.length} tasks`)
    : problem(
        'schedule',
        'no task makes a full backup',
        'schedule add --type full --day sun --time 01:00',
      );
}

/** The server's first archives carry 2005 in their names: a clock before this program was written is wrong. */
function checkClock(now: Date): Check {
  const fact = `${now.toISOString()} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  return now.getUTCFullYear() >= 2024
    ? ok('clock', fact)
    : problem('clock', fact, "Set the machine's clock.");
}

async function checkEngine(installation: Installation): Promise<Check> {
  const engine = await findRunningEngine(installation);
  return ok(
    'mail server',
    engine
      ? `runs (${engine.name}, pid ${engine.pid}); stop it to recover or edit`
      : 'does not run',
  );
}

function checkNotification(
  { notifyAddress }: ServerSettings,
  recipients: readonly string[] | undefined,
): Check {
  const name = 'notification';
  const advice = 'config set notify=admin@example.com';
  if (recipients !== undefined) return ok(name, recipients.join(', '));

  const { to, problem: fault } = readNotifyAddress(notifyAddress);
  if (fault !== undefined) return warning(name, fault, advice);

  return to.length === 0
    ? warning(name, 'nobody is told when a backup fails', advice)
    : ok(name, to.join(', '));
}
