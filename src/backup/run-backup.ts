import { join } from 'node:path';
import { LOCK_FILE } from '../archive/backup-lock.js';
import { sweepTemporaries } from '../archive/sweep.js';
import { toSpaceError } from '../archive/write/pack-errors.js';
import { acquireLock, type Lock } from '../platform/lock.js';
import {
  markReading,
  refuseInterruptedRecover,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import { finishArchive } from './finish-archive.js';
import { describeAlarm, MassLoss, refuseGoneStore } from './mass-loss.js';
import { openRun, type OpenRun } from './open-run.js';
import { leftOutOf, packPlan } from './pack-plan.js';
import { readPredecessor } from './predecessor.js';
import {
  checkFreeSpace,
  chooseStem,
  prepareBackupDirectory,
} from './prepare-directory.js';
import { refuseUnrecoverable } from './prove-archive.js';
import { recordReadBack } from './record-read-back.js';
import { reportPlan, reportRun } from './report-backup.js';
import type { BackupReport, BackupRequest } from './request.js';
import { surveyStore } from './survey-store.js';

/**
 * Runs one backup: plan, write, read back, publish. Until the last step nothing has a final name.
 * @throws {KmsError} with nothing published and all temporary files removed
 */
export async function runBackup(request: BackupRequest): Promise<BackupReport> {
  const places = placesOf(request);
  const reading = await markReading(
    places,
    `backup ${request.type}`,
    request.clock,
  );

  try {
    refuseWhileRecovered(places);
    refuseInterruptedRecover(places);

    return await backUpUnderLock(request);
  } finally {
    reading.release();
  }
}

/** Says what a run would do, and writes nothing. */
export async function planBackup(
  request: BackupRequest,
): Promise<BackupReport> {
  refuseInterruptedRecover(placesOf(request));

  const startedAt = request.clock();
  const { plan } = await surveyStore(request);

  const { stem } = chooseStem(
    request.backupDir,
    plan.type,
    startedAt,
    plan.letter,
  );

  return { ...reportPlan(plan, stem, startedAt), finishedAt: request.clock() };
}

/** Where a recover would be at work. */
function placesOf({ installation, settings }: BackupRequest): string[] {
  return [installation.dir, settings.storeDir];
}

async function backUpUnderLock(request: BackupRequest): Promise<BackupReport> {
  const { backupDir, settings } = request;
  const startedAt = request.clock();

  prepareBackupDirectory(backupDir, settings.createsBackupDirectory);
  const lock = await lockDirectory(request);

  try {
    return await backUp(request, startedAt);
  } catch (error) {
    throw toSpaceError(error);
  } finally {
    lock.release();
  }
}

function lockDirectory(request: BackupRequest): Promise<Lock> {
  const { backupDir, type, clock, lockWaitMs, signal } = request;

  return acquireLock({
    path: join(backupDir, LOCK_FILE),
    what: 'the backup directory',
    command: `backup ${type}`,
    clock,
    waitMs: lockWaitMs,
    hasWaitFlag: true,
    ...(signal ? { signal } : {}),
  });
}

/** Plan, archive, proof; then what rotation may count on, and the report. */
async function backUp(
  request: BackupRequest,
  startedAt: Date,
): Promise<BackupReport> {
  const swept = sweepTemporaries(request.backupDir);
  checkFreeSpace(request.backupDir, request.type);

  const planned = await surveyStore(request);
  const massLoss = new MassLoss(
    await readPredecessor(request.backupDir),
    request.lossLimits,
  );

  const report = await writeArchive(
    openRun(request, planned, startedAt),
    massLoss,
  );

  const alarms = massLoss.verdict().alarms.map(describeAlarm);
  const unrecorded = request.readsBack ? recordReadBack(request, report) : [];

  return {
    ...report,
    swept: swept.removed,
    warnings: [...swept.warnings, ...report.warnings, ...alarms, ...unrecorded],
    isMassLoss: alarms.length > 0,
  };
}

/** Pack, finish, prove, publish. What fails before the last step leaves nothing behind. */
async function writeArchive(
  run: OpenRun,
  massLoss: MassLoss,
): Promise<BackupReport> {
  const { request, base, writer, packer } = run;

  try {
    const packed = await packPlan(run);

    massLoss.observe(packed.mail, leftOutOf(run, packed));
    refuseGoneStore(massLoss.verdict());

    await finishArchive(run, packed.mail);
    await refuseUnrecoverable(request.backupDir, writer, base?.archive);
    request.signal?.throwIfAborted();
    await writer.publish(request.signal);

    return reportRun(run, packed);
  } catch (error) {
    await packer.close();
    await writer.discard();

    throw error;
  } finally {
    await packer.close();
  }
}
