/** Everything that `doctor` looks at. */
import { systemClock } from '../platform/clock.js';
import { readIniFile } from '../settings/ini-file.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { Check } from '../status/check.js';
import { checkConfiguration, runChecks } from '../status/doctor.js';
import { chooseStorage } from './archive-places.js';
import { examineMailArchive } from './check-mail-archive.js';
import { checkPatterns } from './check-patterns.js';
import { checkScheduler } from './check-scheduler.js';
import { checkTelling } from './check-telling.js';
import type { EntryFlags } from './scheduler-entry.js';
import { checkOwnTasks } from './own-tasks.js';
import { examinePlace } from './right-place.js';
import { findServer } from './server.js';
import type { SourceFlags } from './setting-sources.js';

export interface Examination {
  readonly checks: readonly Check[];
  readonly isConfigured: boolean;
}

/**
 * Looks at configuration, paths, rights, space, clock, engine, archives and scheduler; without a sound configuration at
 * nothing else.
 * @param onBackupDir is called before anything in that directory is looked at
 * @throws {NotFoundError} without a server
 */
export async function examineServer(
  flags: EntryFlags & SourceFlags,
  onBackupDir: (directory: string | undefined) => Promise<void>,
): Promise<Examination> {
  const installation = findServer(flags);
  const { check, settings } = checkConfiguration(installation);
  if (!settings) {
    const checks = [check, checkTelling(installation)];

    return {
      checks,
      isConfigured: false,
    };
  }

  const storage = chooseStorage(flags, { server: settings });
  await onBackupDir(storage.localDirectory);

  const clock = systemClock;
  const place = await examinePlace({ installation, settings, storage, clock });
  const ini = readIniFile(installation.dir);
  const server = { installation, settings };
  const mailArchive = await examineMailArchive(server, ini, storage);
  const checks = await runChecks(installation, {
    settings,
    storage,
    clock,
    place,
    mailArchiveBytes: mailArchive.moreBytes,
  });

  const looked = await lookAtTargets(ini);
  const scheduler = checkScheduler(flags, settings.backupEnabled);

  return {
    checks: [
      ...[check, ...checks, scheduler],
      checkPatterns(installation.dir, ini),
      mailArchive.check,
      ...checkOwnTasks(installation),
      ...looked,
    ],
    isConfigured: true,
  };
}

async function lookAtTargets({ targets }: IniSettings): Promise<Check[]> {
  if (targets.length === 0) return [];

  const { lookAtTargets: look } = await import('./test-target.js');

  return look(targets);
}
