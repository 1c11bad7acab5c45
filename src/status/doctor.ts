import { constants } from 'node:fs';
import { SEEMS_WRITTEN } from '../archive/completeness.js';
import { KmsError } from '../errors.js';
import { accessFault } from '../platform/access-fault.js';
import { plural } from '../platform/units.js';
import { readIniFile } from '../settings/ini-file.js';
import type { Installation } from '../server/installation.js';
import { findKeptStates } from '../server/kept-states.js';
import { findUnfinishedRecover } from '../server/recover-mark.js';
import { readSettings, type ServerSettings } from '../server/settings.js';
import { type Check, ok, problem, warning } from './check.js';
import {
  checkBackupDir,
  checkLeftovers,
  checkLock,
  checkPlace,
  checkSeparation,
  checkSpace,
} from './check-backup-directory.js';
import { checkCompression } from './check-compression.js';
import {
  checkClock,
  checkEngine,
  checkKept,
  checkNotification,
  checkRecover,
  checkSchedule,
} from './check-server.js';
import { inspectIfThere, readStatus, type StatusOptions } from './status.js';
import { type StatusReport } from './status-report.js';
import { warning as asWarning } from './warning.js';

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
  options: Pick<StatusOptions, 'storage' | 'clock' | 'place'> & {
    readonly settings: ServerSettings;
    /** What the mail archive adds to the next full backup. */
    readonly mailArchiveBytes: number;
  },
): Promise<Check[]> {
  const { settings, storage } = options;
  const standing = await storage.standing();
  const places = [installation.dir, settings.storeDir];
  const ini = readIniFile(installation.dir);
  const status = await readStatusOf(installation, options).catch(asFact);

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
    checkBackupDir(storage, standing, settings),
    checkPlace(options.place, storage, standing),
    checkSeparation(storage.localDirectory, settings.storeDir),
    await checkSpace(storage, status, options.mailArchiveBytes),
    await checkLeftovers(storage, standing),
    checkLock(storage, standing, options.clock),
    checkRecover(findUnfinishedRecover(places)),
    checkKept(findKeptStates(places), options.clock()),
    checkSchedule(settings),
    checkClock(options.clock()),
    await checkEngine(installation, options.clock),
    checkCompression(ini.backup.engine),
    checkNotification(settings, ini.smtp.to),
    checkArchives(status),
  ];
}

async function readStatusOf(
  installation: Installation,
  options: Pick<StatusOptions, 'storage' | 'clock' | 'place'> & {
    readonly settings: ServerSettings;
  },
): Promise<StatusReport> {
  const { states, proofFault } = await inspectIfThere({
    ...options,
    installation,
  });

  return readStatus(installation, {
    ...options,
    states,
    storeDir: options.settings.storeDir,
    maxAgeMs: undefined,
    further: proofFault === undefined ? [] : [asWarning(proofFault)],
  });
}

/** A status that cannot be read is a finding: the other checks say why. */
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
    return ok(name, describeSound(status));
  }

  const fact = status.warnings.join('; ');

  return status.level === 'critical'
    ? problem(name, fact, 'Run backup full.')
    : warning(name, fact, 'Look at list-archives and run verify.');
}

function describeSound({ archives, recent }: StatusReport): string {
  const written = recent
    .filter(({ isBeingWritten }) => isBeingWritten)
    .map(({ name }) => `${name} ${SEEMS_WRITTEN}`);
  const sound = `${plural(archives - written.length, 'archive')}, all recoverable`;

  return [sound, ...written].join('; ');
}

function checkReadable(name: string, path: string, advice: string): Check {
  const fault = accessFault(path, constants.R_OK);
  return fault === undefined
    ? ok(name, `${path} can be read`)
    : problem(name, `${path}: ${fault}`, advice);
}
