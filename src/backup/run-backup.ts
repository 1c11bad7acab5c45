import {
  type ArchiveFiles,
  type Catalogue,
  listArchiveFiles,
  storedNameOf,
} from '../archive/backup-directory.js';
import type { PublicationIssue, Storage } from '../archive/storage.js';
import { sweepTemporaries } from '../archive/sweep.js';
import { tellStep } from '../platform/steps.js';
import { unpackNames } from '../store/name-list.js';
import { toSpaceError } from '../archive/write/pack-errors.js';
import { makeIndex } from '../archive/volume-index/index-file.js';
import type { Lock } from '../platform/lock.js';
import {
  markReading,
  refuseInterruptedRecover,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import { estimateBackup, refuseWithoutRoom } from './check-free-space.js';
import { chooseStem } from './choose-name.js';
import { finishArchive } from './finish-archive.js';
import { keepBeforeLoss } from './keep-before-loss.js';
import { describeAlarm, MassLoss, refuseGoneStore } from './mass-loss.js';
import { openRun, type OpenRun } from './open-run.js';
import { leftOutOf, packPlan } from './pack-plan.js';
import { pinAtBirth, takePinBack } from './pin-at-birth.js';
import { readComparable } from './predecessor.js';
import type { BackupPlan } from './plan-archive.js';
import { proveArchive } from './prove-archive.js';
import { recordDamage } from './record-damage.js';
import { recordReadBack } from './record-read-back.js';
import { acceptKnown, reportPlan, reportRun } from './report-backup.js';
import type { BackupReport, BackupRequest, FinishedBackup } from './request.js';
import { type PlannedBackup, surveyStore } from './survey-store.js';

/**
 * Runs one backup: plan, write, read back, publish. Until the last step nothing has a final name.
 * @throws {KmsError} with nothing published and all temporary files removed
 */
export async function runBackup(
  request: BackupRequest,
): Promise<FinishedBackup> {
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
  const { storage } = request;
  const archives = await listIfThere(request);
  const catalogue = { storage, archives };
  const { plan, base } = await surveyStore(request, catalogue);
  base?.index.close();
  const estimate = await estimateBackup(request, catalogue, plan, true);
  await refuseWithoutRoom(request, estimate);
  tellNames(plan);

  const { stem } = chooseStem(archives, plan.type, startedAt, plan.letter);

  return {
    ...acceptKnown(reportPlan(plan, stem, startedAt), request),
    estimate,
    finishedAt: request.clock(),
  };
}

/** Every file that would be packed, for --verbose. */
function tellNames({ groups }: BackupPlan): void {
  for (const { directory, names } of groups.flat()) {
    for (const name of unpackNames(names)) {
      tellStep(`would pack ${directory.prefix}${name}`);
    }
  }
}

/** A directory that the run would make has no archives. @throws {NotFoundError} for one that it could not make */
async function listIfThere({
  storage,
  settings,
}: BackupRequest): Promise<ArchiveFiles[]> {
  const { state, canBeMade } = await storage.standing();
  const isMade =
    state === 'missing' && canBeMade && settings.createsBackupDirectory;

  return isMade ? [] : listArchiveFiles(storage);
}

/** The places where a recover would be at work. */
function placesOf({ installation, settings }: BackupRequest): string[] {
  return [installation.dir, settings.storeDir];
}

async function backUpUnderLock(
  request: BackupRequest,
): Promise<FinishedBackup> {
  const { storage } = request;
  const startedAt = request.clock();

  await storage.prepare(request.settings.createsBackupDirectory);
  const lock = await lockStorage(request);

  try {
    return await backUp(request, startedAt);
  } catch (error) {
    throw toSpaceError(error);
  } finally {
    lock.release();
  }
}

function lockStorage({
  storage,
  type,
  clock,
  lockWaitMs,
  signal,
}: BackupRequest): Promise<Lock> {
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
  startedAt: Date,
): Promise<FinishedBackup> {
  const { storage } = request;
  const swept = await sweepTemporaries(storage);
  const catalogue: Catalogue = { storage, archives: swept.archives };

  const planned = await surveyStore(request, catalogue);
  await checkRoom(request, catalogue, planned);

  const massLoss = new MassLoss(
    await readComparable(catalogue, planned.plan.leftOut),
    request.lossLimits,
  );

  const run = openRun(request, catalogue, planned, startedAt);
  const { report, files } = await writeArchive(run, massLoss, catalogue);

  const alarms = massLoss.verdict().alarms.map(describeAlarm);
  const unrecorded = await recordProofs(run, catalogue, report);

  const warnings = [
    ...swept.warnings,
    ...report.warnings,
    ...alarms,
    ...unrecorded,
  ];

  return {
    report: {
      ...report,
      swept: swept.removed,
      warnings,
      isMassLoss: alarms.length > 0,
    },
    catalogue: {
      storage,
      archives: [...catalogue.archives, files],
    },
  };
}

/** @throws {NoSpaceError} before the first byte is written */
async function checkRoom(
  request: BackupRequest,
  catalogue: Catalogue,
  { plan, base }: PlannedBackup,
): Promise<void> {
  try {
    await refuseWithoutRoom(
      request,
      await estimateBackup(request, catalogue, plan, false),
    );
  } catch (error) {
    base?.index.close();

    throw error;
  }
}

/** Writes down what the run has proven: its own archive, and the damage of others. @returns warnings */
async function recordProofs(
  { request, writer, packer }: OpenRun,
  catalogue: Catalogue,
  report: BackupReport,
): Promise<string[]> {
  const own = request.readsBack
    ? await recordReadBack(catalogue, report, writer.volumes)
    : [];

  const { copied } = packer.copier;
  const at = report.finishedAt;

  return [...own, ...(await recordDamage(catalogue, writer.stem, copied, at))];
}

/** Pack, finish, prove, publish. What fails before the last step leaves nothing behind. */
async function writeArchive(
  run: OpenRun,
  massLoss: MassLoss,
  catalogue: Catalogue,
): Promise<{ report: BackupReport; files: ArchiveFiles }> {
  const { request, plan, base, writer, packer } = run;

  try {
    const packed = await packPlan(run);

    massLoss.observe(packed.mail, leftOutOf(run, packed));
    refuseGoneStore(massLoss.verdict());

    await finishArchive(run, packed.mail);
    const proven = await proveArchive(run);
    request.signal?.throwIfAborted();
    if (massLoss.verdict().alarms.length > 0) {
      await keepBeforeLoss(catalogue, writer.stem, request.clock());
    }

    const pin = await pinAtBirth(run);
    const issues = await writer.publish(request.signal, {
      isReadBack: request.readsBack,
      facts: proven,
      makeIndex,
      ...(plan.base && { base: plan.base }),
    });

    return {
      report: {
        ...withUnlocked(acceptKnown(reportRun(run, packed), request), issues),
        pin,
      },
      files: toPublished(request.storage, proven.files),
    };
  } catch (error) {
    await packer.close();
    await writer.discard();
    await takePinBack(run);

    throw error;
  } finally {
    base?.index.close();
    await packer.close();
  }
}

function withUnlocked(
  report: BackupReport,
  unlocked: readonly PublicationIssue[],
): BackupReport {
  const added = unlocked.map((issue) => ({
    kind: 'unlocked' as const,
    ...issue,
  }));

  return { ...report, issues: [...report.issues, ...added] };
}

/** The files of an archive where they lie now, under the names that they got. */
function toPublished(storage: Storage, files: ArchiveFiles): ArchiveFiles {
  const volumes = files.volumes.map((volume) => ({
    ...volume,
    storage,
    storedAs: storedNameOf(storage, volume.name),
  }));

  return {
    ...files,
    volumes,
  };
}
