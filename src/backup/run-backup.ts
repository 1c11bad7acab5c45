import {
  type Catalogue,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import { storageAt } from '../archive/storages.js';
import { sweepTemporaries } from '../archive/sweep.js';
import { toSpaceError } from '../archive/write/pack-errors.js';
import type { Lock } from '../platform/lock.js';
import {
  markReading,
  refuseInterruptedRecover,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import { checkFreeSpace } from './check-free-space.js';
import { chooseStem } from './choose-name.js';
import { finishArchive } from './finish-archive.js';
import { describeAlarm, MassLoss, refuseGoneStore } from './mass-loss.js';
import { openRun, type OpenRun } from './open-run.js';
import { leftOutOf, packPlan } from './pack-plan.js';
import { readPredecessor } from './predecessor.js';
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
  const storage = storageAt(request.backupDir);
  const archives = await listArchiveFiles(storage);
  const { plan } = await surveyStore(request, { storage, archives });

  const { stem } = chooseStem(archives, plan.type, startedAt, plan.letter);

  return { ...reportPlan(plan, stem, startedAt), finishedAt: request.clock() };
}

/** Where a recover would be at work. */
function placesOf({ installation, settings }: BackupRequest): string[] {
  return [installation.dir, settings.storeDir];
}

async function backUpUnderLock(request: BackupRequest): Promise<BackupReport> {
  const storage = storageAt(request.backupDir);
  const startedAt = request.clock();

  await storage.prepare(request.settings.createsBackupDirectory);
  const lock = await lockStorage(storage, request);

  try {
    return await backUp(request, storage, startedAt);
  } catch (error) {
    throw toSpaceError(error);
  } finally {
    lock.release();
  }
}

function lockStorage(
  storage: Storage,
  { type, clock, lockWaitMs, signal }: BackupRequest,
): Promise<Lock> {
  return storage.lock.take({
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
  storage: Storage,
  startedAt: Date,
): Promise<BackupReport> {
  const swept = await sweepTemporaries(storage);
  const catalogue: Catalogue = { storage, archives: swept.archives };

  await checkFreeSpace(catalogue, request.type);

  const planned = await surveyStore(request, catalogue);
  const massLoss = new MassLoss(
    await readPredecessor(catalogue),
    request.lossLimits,
  );

  const report = await writeArchive(
    openRun(request, catalogue, planned, startedAt),
    massLoss,
  );

  const alarms = massLoss.verdict().alarms.map(describeAlarm);
  const unrecorded = request.readsBack
    ? await recordReadBack(catalogue, report)
    : [];

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
    await refuseUnrecoverable(writer, base?.archive);
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
