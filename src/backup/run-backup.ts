import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../archive/write/archive-writer.js';
import { LOCK_FILE } from '../archive/backup-lock.js';
import { sweepTemporaries } from '../archive/sweep.js';
import { archiveName, formatVolumeName } from '../archive/names.js';
import { mailboxOf } from '../store/mailbox-name.js';
import type { FilesTask } from '../archive/write/pack-tasks.js';
import { Packer, toSpaceError } from '../archive/write/packer.js';
import { formatVersionText, VERSION_ENTRY } from '../archive/summary.js';
import { acquireLock } from '../platform/lock.js';
import { isMessagePath } from '../store/message-file.js';
import {
  markReading,
  refuseInterruptedRecover,
  refuseWhileRecovered,
} from '../server/recover-mark.js';
import type { BackupContent } from './content.js';
import {
  countMailboxes,
  countStored,
  findMassLoss,
  readPredecessor,
  type RunMail,
} from './mass-loss.js';
import {
  addText,
  findLacks,
  finishArchive,
  type OpenRun,
} from './finish-archive.js';
import { findGoneStore, refuseGoneStore } from './gone-store.js';
import { packDirectories } from './pack-directories.js';
import { planContent } from './plan-content.js';
import {
  chooseStem,
  checkFreeSpace,
  prepareBackupDirectory,
} from './prepare-directory.js';
import { refuseUnrecoverable } from './prove-archive.js';
import { recordReadBack } from './record-read-back.js';
import type { BackupIssue, BackupReport, BackupRequest } from './request.js';
import { secondLook } from './second-look.js';
import type { SkippedPath } from './walk.js';

const FEW_FILES = 1000;

/**
 * Runs one backup: plan, write, read back, publish. Until the last step nothing has a final name.
 * @throws {KmsError} with nothing published and all temporary files removed
 */
export async function runBackup(request: BackupRequest): Promise<BackupReport> {
  const places = [request.installation.dir, request.settings.storeDir];
  const reading = await markReading(
    places,
    `backup ${request.type}`,
    request.clock,
  );

  try {
    refuseWhileRecovered(places);
    refuseInterruptedRecover(places);

    return await backUp(request);
  } finally {
    reading.release();
  }
}

async function backUp(request: BackupRequest): Promise<BackupReport> {
  const startedAt = request.clock();
  prepareBackupDirectory(
    request.backupDir,
    request.settings.createsBackupDirectory,
  );

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
    const sweep = sweepTemporaries(request.backupDir);
    checkFreeSpace(request.backupDir, request.type);

    const content = await planContent(request);
    const predecessor = await readPredecessor(request.backupDir);
    const { report, mail } = await writeArchive(request, content, startedAt);
    const lost = mail
      ? findMassLoss(predecessor, mail, request.lossLimits)
      : [];
    const losses = [...findGoneStore(report.issues), ...lost];
    const unrecorded = request.readsBack ? recordReadBack(request, report) : [];

    const warnings = [
      ...sweep.warnings,
      ...report.warnings,
      ...losses,
      ...unrecorded,
    ];

    return {
      ...report,
      swept: sweep.removed,
      warnings,
      isMassLoss: losses.length > 0,
    };
  } catch (error) {
    throw toSpaceError(error);
  } finally {
    lock.release();
  }
}

/** What became of the mail that was listed; undefined where this run does not look at mail. */
function mailOf(
  content: BackupContent,
  packer: Packer,
  packed: PackedContent,
): RunMail | undefined {
  if (!content.components.includes('mail')) return undefined;

  const listed = countMailboxes(content.directories);
  const lost = packer.issues
    .filter(({ kind }) => kind !== 'unsettled')
    .map(({ name }) => name);

  return {
    listed,
    stored: countStored(listed, packed.found, [...packer.vanished, ...lost]),
    unlisted: packed.skipped
      .map(({ name }) => name)
      .filter((name) => name.endsWith('/') && isMailDirectory(name)),
  };
}

const isMailDirectory = (name: string): boolean =>
  name === '@backup/store/mail/' || mailboxOf(name) !== undefined;

/** Says what a run would do, and writes nothing. */
export async function planBackup(
  request: BackupRequest,
): Promise<BackupReport> {
  refuseInterruptedRecover([
    request.installation.dir,
    request.settings.storeDir,
  ]);

  const startedAt = request.clock();
  const content = await planContent(request);

  const { stem } = chooseStem(
    request.backupDir,
    content.type,
    startedAt,
    content.letter,
  );

  return {
    ...reportBasics(content, stem, startedAt),
    isDryRun: true,
    finishedAt: request.clock(),
    messages: { ...content.messages, vanished: 0 },
    files: content.tasks.reduce((sum, { names }) => sum + names.length, 0),
  };
}

async function writeArchive(
  request: BackupRequest,
  content: BackupContent,
  startedAt: Date,
): Promise<{ report: BackupReport; mail: RunMail | undefined }> {
  const { stem, takenAt } = chooseStem(
    request.backupDir,
    content.type,
    startedAt,
    content.letter,
  );

  const writer = new ArchiveWriter(
    request.backupDir,
    stem,
    request.volumeLimitBytes,
  );

  const packer = new Packer(writer, {
    ...request,
    isLittle: content.fileCount < FEW_FILES,
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
      formatVersionText({
        ...content.version,
        startedAt: takenAt,
        hostname: hostname(),
      }),
      takenAt,
    );

    if (content.deletedText !== undefined) {
      addText(
        writer,
        content.deletedText.name,
        content.deletedText.text,
        takenAt,
      );
    }

    const packed = await packContent(content, packer, writer);
    const mail = mailOf(content, packer, packed);

    refuseGoneStore(mail, [...packed.skipped, ...packer.issues]);

    const lacks = findLacks(content, packer);
    await finishArchive(request, { mail, lacks }, { writer, packer, takenAt });
    await refuseUnrecoverable(request.backupDir, writer, content.base);
    request.signal?.throwIfAborted();
    await writer.publish(request.signal);

    return {
      report: toReport(request, content, { writer, packer, startedAt, packed }),
      mail,
    };
  } catch (error) {
    await packer.close();
    await writer.discard();

    throw error;
  } finally {
    await packer.close();
  }
}

/** What became of a plan. */
interface PackedContent {
  /** How many directories have entries. */
  readonly directories: number;
  /** Files that were found when everything had been packed once. */
  readonly found: readonly FilesTask[];
  /** What is there and is not backed up, from both looks. */
  readonly skipped: readonly SkippedPath[];
}

/** Components one after the other, as the server lays them; what moved meanwhile is looked for again at the end. */
async function packContent(
  content: BackupContent,
  packer: Packer,
  writer: ArchiveWriter,
): Promise<PackedContent> {
  for (const group of content.groups) await packer.pack(group);

  const found: FilesTask[] = [];
  const retried = new Set(packer.vanished);

  const pack = (tasks: readonly FilesTask[]): Promise<void> => {
    found.push(
      ...tasks.map((task) => ({
        ...task,
        names: task.names.filter((name) => !retried.has(task.prefix + name)),
      })),
    );
    return packer.pack(tasks);
  };

  const look = await secondLook(content, pack, packer.vanished);

  await packer.packHeld();

  const directories = packDirectories(
    look.directories,
    content.isDirectoryChanged,
    writer,
  );

  return { directories, found, skipped: [...content.skipped, ...look.skipped] };
}

function toIssues(skipped: readonly SkippedPath[]): BackupIssue[] {
  return skipped.map(({ name, reason }): BackupIssue => ({
    kind: 'skipped',
    name,
    reason,
  }));
}

function reportBasics(
  content: BackupContent,
  stem: string,
  startedAt: Date,
): BackupReport {
  return {
    schema: 'kms-backup/backup/1',
    isDryRun: false,
    type: content.type,
    archive: archiveName(stem),
    base: content.version.base,
    startedAt,
    finishedAt: startedAt,
    messages: { ...content.messages, vanished: 0 },
    packedMessages: 0,
    files: 0,
    directories: content.directories.length,
    sourceBytes: 0,
    storedBytes: 0,
    volumes: [],
    entries: 0,
    verifiedEntries: 0,
    issues: toIssues(content.skipped),
    split: [],
    swept: [],
    warnings: content.warnings,
    isMassLoss: false,
  };
}

function toReport(
  request: BackupRequest,
  content: BackupContent,
  run: OpenRun & { startedAt: Date; packed: PackedContent },
): BackupReport {
  const { writer, packer, startedAt, packed } = run;
  const basics = reportBasics(content, writer.stem, startedAt);

  return {
    ...basics,
    finishedAt: request.clock(),
    messages: {
      ...content.messages,
      vanished: [...packer.vanished].filter(isMessagePath).length,
    },
    packedMessages: packer.counts.messages,
    files: packer.counts.files,
    directories: packed.directories,
    sourceBytes: packer.counts.sourceBytes,
    storedBytes: writer.sizeBytes,
    volumes: writer.volumes.map((_, index) =>
      formatVolumeName(writer.stem, index),
    ),
    entries: writer.entries,
    verifiedEntries: request.readsBack ? writer.entries : 0,
    issues: [
      ...toIssues(packed.skipped),
      ...packer.issues,
      ...findGoneSources(content, packer.vanished),
    ],
    split: packer.split,
  };
}

/** Mail comes and goes; a configuration file or a whole part of the server that is gone at the end is no such thing. */
function findGoneSources(
  { directories }: BackupContent,
  vanished: ReadonlySet<string>,
): BackupIssue[] {
  const isTop = ({ prefix }: { prefix: string }): boolean =>
    /^@backup\/(store\/)?[^/]+\/$/.test(prefix);
  const gone = directories.filter(
    (directory) => isTop(directory) && !existsSync(directory.path),
  );

  const names = [
    ...[...vanished].filter((name) => !name.includes('/')),
    ...gone.map(({ prefix }) => prefix),
  ];

  return names.map((name) => ({
    kind: 'unreadable',
    name,
    reason: 'it vanished during the run',
  }));
}
