import { storageAt } from '../../src/archive/storages.js';
import type { ArchiveType } from '../../src/archive/names.js';
import { DEFAULT_LOSS_LIMITS } from '../../src/backup/mass-loss.js';
import type { BackupRequest } from '../../src/backup/request.js';
import type { Clock } from '../../src/platform/clock.js';
import { readIniFile } from '../../src/settings/ini-file.js';
import type { NotifyRule } from '../../src/settings/smtp-section.js';
import { openServer } from '../../src/jobs/server.js';
import {
  type NightlyBackup,
  type NightlyBackupEnd,
  runNightlyBackup,
} from '../../src/jobs/nightly-backup.js';
import type { RotateReport } from '../../src/rotate/report-rotation.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import type { Installation } from './installation.js';

/** What a night may change of the usual backup. */
export interface NightOptions extends Partial<BackupRequest> {
  /** Default: RotationLimit of mailserver.cfg. */
  readonly keep?: number;
  readonly isNewTarget?: boolean;
  readonly rotates?: boolean;
  readonly rule?: NotifyRule;
  readonly reachMirror?: NightlyBackup['reachMirror'];
}

/** A clock that goes on by a millisecond with every look, from an instant on: `2026-01-02T01:00:00Z`. */
export function clockFrom(at: string): Clock {
  let nowMs = Date.parse(at);
  return () => new Date(nowMs++);
}

/** What a backup command asks for where nothing else is said: one thread, the server's own settings. */
export function backupRequest(
  { serverDir }: Installation,
  type: ArchiveType,
  clock: Clock,
): BackupRequest {
  const { installation, settings } = openServer({ 'server-dir': serverDir });

  return {
    type,
    installation,
    settings,
    storage: storageAt(settings.backupDir),
    archivePlaces: [],
    volumeLimitBytes: settings.volumeLimitBytes,
    oversize: 'skip',
    accept: [],
    exclude: [],
    mask: undefined,
    level: 1,
    engine: 'own',
    threads: 1,
    filesAhead: 0,
    usesChecksum: false,
    readsBack: true,
    lockWaitMs: 0,
    minFreeBytes: 0,
    lossLimits: DEFAULT_LOSS_LIMITS,
    clock,
  };
}

/**
 * What a backup command does, in this process and at a time of the caller's choice: backup, rotation, notification.
 * Many nights then take as long as one program does to start.
 */
export async function backUpAt(
  server: Installation,
  type: ArchiveType,
  at: string,
  {
    keep,
    rotates = true,
    rule,
    reachMirror,
    isNewTarget = false,
    ...changes
  }: NightOptions = {},
): Promise<
  NightlyBackupEnd & {
    readonly report: NonNullable<NightlyBackupEnd['report']>;
  }
> {
  const request = { ...backupRequest(server, type, clockFrom(at)), ...changes };
  const night = {
    request,
    ini: readIniFile(request.installation.dir),
    rule,
    reachMirror,
    isNewTarget,
    rotates,
    policy: limitPolicy(
      keep ?? request.settings.rotationLimit,
      request.settings.keepsDifferentials,
    ),
  };

  const end = await runNightlyBackup(night, () => undefined);
  if (!end.report) throw new Error('the backup was skipped');

  return { ...end, report: end.report };
}

/** What `rotate` does, in this process and at a time of the caller's choice. */
export async function rotateAt(
  backupDir: string,
  at: string,
  {
    keep,
    isDryRun = false,
    expects,
  }: { keep: number; isDryRun?: boolean; expects?: string },
): Promise<RotateReport> {
  const { report } = await runRotate({
    ...{
      storage: storageAt(backupDir),
      policy: limitPolicy(keep, false),
      isDryRun,
      expects,
      lockWaitMs: 0,
    },
    clock: clockFrom(at),
  });

  return report;
}
