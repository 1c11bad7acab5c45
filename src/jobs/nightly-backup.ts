/** The backup that runs every night: back up, rotate, write the server's log, and tell everybody who asked to be told. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  type ArchiveFiles,
  listArchiveFiles,
} from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import { archiveName, type ArchiveType } from '../archive/names.js';
import type { BackupReport, BackupRequest } from '../backup/request.js';
import { planBackup, runBackup } from '../backup/run-backup.js';
import { messageOf } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import { formatSize, plural } from '../platform/units.js';
import type { ArchivePoint, RunReport } from '../report/run-report.js';
import {
  listSafely,
  type ReportedRun,
  runWithReporting,
} from '../report/run-with-reporting.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import { describeFaults, readTaskTimes } from '../schedule/own-tasks.js';
import { openServerLog, type ServerLog } from '../server/server-log.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import { mirrorAfter } from './mirror-after.js';
import type { MirrorEnd, MirrorRequest } from './mirror-archives.js';
import { tellLeftStopped } from './left-stopped.js';
import { noteArchive } from './note-archive.js';
import { refuseWrongPlace, rememberArchives } from './right-place.js';
import {
  removedArchives,
  rotateAfter,
  type RotateAfter,
} from './rotate-after.js';
import { toRunReport } from './run-report.js';
import { type RunWarning, warningsOf, warningTexts } from './run-warnings.js';

/** Everything that a night needs to know. */
export interface NightlyBackup extends RotateAfter {
  readonly ini: IniSettings;
  /** From --notify; undefined: what kms-backup.ini says. */
  readonly rule: NotifyRule | undefined;
  /** Called before anything in the second place is looked at. */
  readonly reachMirror?: MirrorRequest['reach'];
  /** The backup directory may be another one than that of the nights before. */
  readonly isNewTarget: boolean;
}

export interface NightlyBackupEnd {
  /** Undefined where the `before` hook asked to skip the run. */
  readonly report: BackupReport | undefined;
  /** Undefined where nothing was rotated. */
  readonly rotation: RotateReport | undefined;
  /** Undefined where there is no second place, or nothing came of it. */
  readonly mirror: MirrorEnd | undefined;
  /** Of the archive first, then of what came after it was published. */
  readonly warnings: readonly RunWarning[];
}

/** The archive and what followed it, before it is told about. */
interface Night {
  readonly report: BackupReport;
  readonly rotation: RotateReport | undefined;
  readonly mirror: MirrorEnd | undefined;
  /** Of the archive, of the rotation and of the second place. */
  readonly warnings: readonly RunWarning[];
  readonly runReport: RunReport;
  /** The status page after the run. */
  readonly makePage: () => Promise<string>;
}

/** The number of archives that the chart of a notification shows. */
const CHARTED_ARCHIVES = 14;

/**
 * Backs up, rotates, and tells everybody who asked to be told.
 * @param onReportingWarning is told at once what could not be told about the run: a run that fails has no end to name it
 * @throws whatever the backup throws, after everybody was told
 */
export async function runNightlyBackup(
  night: NightlyBackup,
  onReportingWarning: (warning: string) => void,
): Promise<NightlyBackupEnd> {
  const { request } = night;
  const log = openServerLog(request.settings, request.clock);
  const command = commandOf(request.type);

  log.debug(`${command} started to ${request.storage.name}`);

  try {
    const { run: ended, reportingWarnings } = await runWithReporting(
      toReportedRun(night),
      () => backUpAndRotate(night),
      onReportingWarning,
    );

    if (ended) tellServerLog(log, ended);

    return {
      report: ended?.report,
      rotation: ended?.rotation,
      mirror: ended?.mirror,
      warnings: [
        ...(ended?.warnings ?? (await endSkipped(request))),
        ...warningsOf('server-log', logFaults(log, request)),
        ...warningsOf('reporting', reportingWarnings),
      ],
    };
  } catch (error) {
    log.debug(`${command} failed: ${messageOf(error)}`);
    log.jobFailed(capitalize(request.type), messageOf(error));

    throw error;
  }
}

/** A run that the `before` hook left out: what it finds is said all the same. */
async function endSkipped({
  installation,
  clock,
}: BackupRequest): Promise<RunWarning[]> {
  const leftStopped = await tellLeftStopped(installation, clock);
  noteRun({ isSkipped: true, warnings: leftStopped.length });

  return warningsOf('server', leftStopped);
}

/** Says what a run would do, and writes nothing. @throws as the run itself */
export async function planNightlyBackup({
  request,
  isNewTarget,
}: NightlyBackup): Promise<BackupReport> {
  const foreign = await refuseWrongPlace(request, isNewTarget);
  const report = await planBackup(request);

  return { ...report, warnings: [...report.warnings, ...foreign] };
}

async function backUpAndRotate(night: NightlyBackup): Promise<Night> {
  const { request, isNewTarget } = night;
  const foreign = await refuseWrongPlace(request, isNewTarget);
  const finished = await runBackup(request);
  const { report } = finished;
  noteArchive(report);
  const { rotation, faults, archives } = await rotateAfter(night, finished);
  if (archives) noteRun({ archivesThere: archives.length });
  const unmarked = await rememberArchives(request, archives, isNewTarget);
  const { mirror, warnings: unmirrored } = await mirrorAfter(night, {
    report,
    rotation,
  });

  const { installation, clock } = request;
  const leftStopped = await tellLeftStopped(installation, clock);
  const warnings = [
    ...warningsOf('server', leftStopped),
    ...warningsOf('tasks', describeFaults(readTaskTimes(night.ini.tasks))),
    ...warningsOf('archive', report.warnings),
    ...warningsOf('place', [...foreign, ...unmarked]),
    ...warningsOf('rotation', faults),
    ...warningsOf('mirror', unmirrored),
  ];

  noteRun({ warnings: warnings.length });

  const runReport = toRunReport({
    ...runFacts(request),
    report,
    rotation,
    warnings: warningTexts(warnings),
    recentArchives: await listSafely(() =>
      recentArchives(request.storage, archives),
    ),
  });

  const makePage = (): Promise<string> => makePageOf(request, archives);

  return { report, rotation, mirror, warnings, runReport, makePage };
}

/** The facts of a run that its report needs before it begins. */
function toReportedRun(night: NightlyBackup): ReportedRun {
  const { request, ini, rule } = night;
  const { settings, installation, clock, signal, storage } = request;

  return {
    run: { ...runFacts(request), type: request.type },
    settings: ini,
    installDir: installation.dir,
    server: settings,
    rule,
    env: process.env,
    clock,
    signal,
    listArchives: () => recentArchives(storage, undefined),
    makePage: () => makePageOf(request, undefined),
    standingWarnings: () => tellLeftStopped(installation, clock),
  };
}

/** @param archives as they were listed last; undefined: they are listed */
async function makePageOf(
  { installation, settings, storage, clock }: BackupRequest,
  archives: readonly ArchiveFiles[] | undefined,
): Promise<string> {
  const { makeCurrentPage } = await import('./status-page.js');
  const server = { installation, settings };

  return makeCurrentPage({ server, storage, archives, clock });
}

function runFacts({ type, storage }: BackupRequest): {
  command: string;
  backupDir: string;
  hostname: string;
} {
  return {
    command: commandOf(type),
    backupDir: storage.name,
    hostname: hostname(),
  };
}

/** `backup diff`. */
function commandOf(type: ArchiveType): string {
  return `backup ${type === 'differential' ? 'diff' : type}`;
}

/** The newest archives, oldest first. @param known as they were listed last; undefined: they are listed */
async function recentArchives(
  storage: Storage,
  known: readonly ArchiveFiles[] | undefined,
): Promise<ArchivePoint[]> {
  const archives = known ?? (await listArchiveFiles(storage));

  return archives
    .slice(-CHARTED_ARCHIVES)
    .map(({ stem, type, takenAt, sizeBytes }) => ({
      name: archiveName(stem),
      type,
      takenAt,
      sizeBytes,
    }));
}

/** Writes a line to the debug log for each thing that a run left out, warned of, removed and made, and one to the error log. */
function tellServerLog(
  log: ServerLog,
  { report, rotation, warnings }: Night,
): void {
  for (const { name, reason } of report.issues) {
    log.debug(`left out ${name}: ${reason}`);
  }

  for (const { name, reason } of report.accepted) {
    log.debug(`left out, as accepted, ${name}: ${reason}`);
  }

  for (const { name } of report.excluded.paths) {
    log.debug(`left out on purpose ${name}`);
  }

  for (const { text } of warnings) log.debug(`warning: ${text}`);
  for (const archive of removedArchives(rotation)) {
    log.debug(`removed ${archive}`);
  }

  log.debug(`finished: ${describe(report)}`);
  log.jobFinished(describe(report));
}

/** A server that was never started has no log directory; that matters where its log was asked for. */
function logFaults(log: ServerLog, { settings }: BackupRequest): string[] {
  const isAskedFor =
    settings.logsStoreBackup || existsSync(settings.logDirectory);

  return log.problem !== undefined && isAskedFor
    ? [`the server's log was not written: ${log.problem}`]
    : [];
}

/** `F20060118T220007Z.zip, 2 messages, 1.5 KiB, 0 left out`. */
function describe(report: BackupReport): string {
  return `${report.archive}, ${plural(report.messages.total, 'message')}, ${formatSize(report.storedBytes)}, ${report.issues.length} left out`;
}

function capitalize(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
