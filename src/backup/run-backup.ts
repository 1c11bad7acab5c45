import { hostname } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../archive/archive-writer.js';
import { LOCK_FILE } from '../archive/backup-lock.js';
import { listArchiveFiles, sweepTemporaries } from '../archive/backup-directory.js';
import { formatVolumeName } from '../archive/names.js';
import { isMessageName } from '../archive/pack-tasks.js';
import { Packer, toSpaceError } from '../archive/packer.js';
import { formatSummaryText, formatVersionText, SUMMARY_ENTRY, VERSION_ENTRY } from '../archive/summary.js';
import { recordVerified } from '../archive/verified-record.js';
import { acquireLock, refuseWhileHeld } from '../platform/lock.js';
import { markReading, RECOVER_LOCK, refuseInterruptedRecover } from '../server/recover-mark.js';
import type { BackupContent } from './content.js';
import { countMailboxes, findMassLoss } from './mass-loss.js';
import { packDirectories } from './pack-directories.js';
import { planContent } from './plan-content.js';
import { chooseStem, checkFreeSpace, prepareBackupDirectory } from './prepare-directory.js';
import type { BackupIssue, BackupReport, BackupRequest } from './request.js';
import { secondLook } from './second-look.js';

const FEW_FILES = 300;

/**
 * Runs one backup: plan, write, read back, publish. Until the last step nothing has a final name.
 * @throws {KmsError} with nothing published and all temporary files removed
 */
export async function runBackup(request: BackupRequest): Promise<BackupReport> {
  const { dir } = request.installation;
  const reading = await markReading(dir, `backup ${request.type}`, request.clock);
  try {
    refuseWhileHeld(join(dir, RECOVER_LOCK), 'the store');
    refuseInterruptedRecover(dir);
    return await backUp(request);
  } finally {
    reading?.release();
  }
}

async function backUp(request: BackupRequest): Promise<BackupReport> {
  const startedAt = request.clock();
  prepareBackupDirectory(request.backupDir, request.settings.createsBackupDirectory);
  const lock = await acquireLock({
    path: join(request.backupDir, LOCK_FILE),
    what: 'the backup directory',
    command: `backup ${request.type}`,
    clock: request.clock,
    waitMs: request.lockWaitMs,
    hasWaitFlag: true,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  try {
    const swept = sweepTemporaries(request.backupDir);
    checkFreeSpace(request.backupDir, request.type);
    const content = await planContent(request);
    const losses = await findLossesOf(request, content);
    const report = await writeArchive(request, content, startedAt);
    if (request.readsBack) recordReadBack(request, report);
    return { ...report, swept, warnings: [...report.warnings, ...losses], isMassLoss: losses.length > 0 };
  } catch (error) {
    throw toSpaceError(error);
  } finally {
    lock.release();
  }
}

/** Undefined counts: this run does not look at mail. */
function mailboxesOf({ components, directories }: BackupContent): ReturnType<typeof countMailboxes> | undefined {
  return components.includes('mail') ? countMailboxes(directories) : undefined;
}

async function findLossesOf(request: BackupRequest, content: BackupContent): Promise<string[]> {
  const counts = mailboxesOf(content);
  return counts ? findMassLoss(request.backupDir, counts, request.lossLimits) : [];
}

/** What was read back is proven: rotation may count on it. */
function recordReadBack({ backupDir }: BackupRequest, report: BackupReport): void {
  const archives = listArchiveFiles(backupDir);
  const own = archives.find(({ stem }) => `${stem}.zip` === report.archive);
  if (!own) return;
  const entry = { at: report.finishedAt.toISOString(), isSound: true, sizeBytes: own.sizeBytes };
  recordVerified(backupDir, new Map([[own.stem, entry]]), new Set(archives.map(({ stem }) => stem)));
}

/** Says what a run would do, and writes nothing. */
export async function planBackup(request: BackupRequest): Promise<BackupReport> {
  const startedAt = request.clock();
  const content = await planContent(request);
  const { stem } = chooseStem(request.backupDir, content.type, startedAt, content.letter);
  return {
    ...reportBasics(content, stem, startedAt),
    isDryRun: true,
    finishedAt: request.clock(),
    messages: { ...content.messages, vanished: 0 },
    files: content.tasks.reduce((sum, { names }) => sum + names.length, 0),
  };
}

async function writeArchive(request: BackupRequest, content: BackupContent, startedAt: Date): Promise<BackupReport> {
  const { stem, takenAt } = chooseStem(request.backupDir, content.type, startedAt, content.letter);
  const writer = new ArchiveWriter(request.backupDir, stem, request.volumeLimitBytes);
  const packer = new Packer(writer, {
    ...request,
    // A few small files are packed sooner than threads are started for all cores.
    startsWith: content.fileCount < FEW_FILES ? 1 : request.threads,
    onProgress: ({ files, sourceBytes }) =>
      request.onProgress?.({
        phase: 'writing',
        doneItems: files,
        totalItems: content.fileCount,
        doneBytes: sourceBytes,
      }),
  });
  try {
    addText(
      writer,
      VERSION_ENTRY,
      formatVersionText({ ...content.version, startedAt: takenAt, hostname: hostname() }),
      takenAt,
    );
    if (content.deletedText !== undefined) addText(writer, content.deletedText.name, content.deletedText.text, takenAt);
    const directories = await packContent(content, packer, writer);
    await finishArchive(request, content, { writer, packer, takenAt });
    request.signal?.throwIfAborted();
    writer.publish();
    return toReport(request, content, { writer, packer, startedAt, directories });
  } catch (error) {
    await packer.close();
    await writer.discard();
    throw error;
  } finally {
    await packer.close();
  }
}

/** Components one after the other, as the server lays them; what moved meanwhile is looked for again at the end. */
async function packContent(content: BackupContent, packer: Packer, writer: ArchiveWriter): Promise<number> {
  for (const group of content.groups) await packer.pack(group);
  const found = await secondLook(content, (tasks) => packer.pack(tasks));
  return packDirectories([...content.directories, ...found], content.isDirectoryChanged, writer);
}

interface OpenRun {
  readonly writer: ArchiveWriter;
  readonly packer: Packer;
}

async function finishArchive(
  request: BackupRequest,
  content: BackupContent,
  run: OpenRun & { takenAt: Date },
): Promise<void> {
  const { writer, packer, takenAt } = run;
  const mailboxes = mailboxesOf(content);
  const summaryBytes = 4096 + writer.volumes.length * 100 + (mailboxes?.size ?? 0) * 300;
  writer.makeRoom(summaryBytes, 256);
  await writer.settle();
  const { files, messages, sourceBytes } = packer.counts;
  const summary = formatSummaryText({
    startedAt: takenAt,
    finishedAt: request.clock(),
    fileCount: files,
    totalBytes: sourceBytes,
    messages,
    volumes: writer.volumes.length,
    volumeDigests: writer.volumes.slice(0, -1).map(({ directoryDigest }) => directoryDigest),
    mailboxes,
  });
  addText(writer, SUMMARY_ENTRY, summary, takenAt);
  await writer.finish();
  request.onProgress?.({ phase: 'reading back', doneItems: files, totalItems: files, doneBytes: sourceBytes });
  if (request.readsBack) await packer.readBack();
}

function addText(writer: ArchiveWriter, name: string, text: string, at: Date): void {
  writer.addSmall({ name, bytes: Buffer.from(text), mtimeTicks: BigInt(at.getTime()) * 10_000n, mode: 0o100600 });
}

function reportBasics(content: BackupContent, stem: string, startedAt: Date): BackupReport {
  return {
    schema: 'kms-backup/backup/1',
    isDryRun: false,
    type: content.type,
    archive: formatVolumeName(stem, 0),
    base: content.version.base,
    startedAt,
    finishedAt: startedAt,
    messages: { ...content.messages, vanished: 0 },
    files: 0,
    directories: content.directories.length,
    sourceBytes: 0,
    storedBytes: 0,
    volumes: [],
    entries: 0,
    verifiedEntries: 0,
    issues: content.skipped.map(({ name, reason }): BackupIssue => ({ kind: 'skipped', name, reason })),
    split: [],
    swept: [],
    warnings: content.warnings,
    isMassLoss: false,
  };
}

function toReport(
  request: BackupRequest,
  content: BackupContent,
  run: OpenRun & { startedAt: Date; directories: number },
): BackupReport {
  const { writer, packer, startedAt } = run;
  const basics = reportBasics(content, writer.stem, startedAt);
  return {
    ...basics,
    finishedAt: request.clock(),
    messages: { ...content.messages, vanished: packer.vanished.filter(isMessageName).length },
    files: packer.counts.files,
    directories: run.directories,
    sourceBytes: packer.counts.sourceBytes,
    storedBytes: writer.sizeBytes,
    volumes: writer.volumes.map((_, index) => formatVolumeName(writer.stem, index)),
    entries: writer.entries,
    verifiedEntries: request.readsBack ? writer.entries : 0,
    issues: [...basics.issues, ...packer.issues],
    split: packer.split,
  };
}
