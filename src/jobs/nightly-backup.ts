import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { archiveName, type ArchiveType } from '../archive/names.js';
import type { BackupReport, BackupRequest } from '../backup/request.js';
import { runBackup } from '../backup/run-backup.js';
import { ExitCode, InterruptedError, messageOf } from '../errors.js';
import { formatSize, plural } from '../platform/units.js';
import type { ArchivePoint, RunReport } from '../report/run-report.js';
import { listSafely, runWithReporting } from '../report/run-with-reporting.js';
import { runRotate, type RotateReport } from '../rotate/run-rotate.js';
import type { IniSettings, NotifyRule } from '../settings/ini-settings.js';
import { openServerLog, type ServerLog } from '../server/server-log.js';

/** How a backup is run besides the backup itself. */
export interface ReportedBackup {
  readonly request: BackupRequest;
  readonly ini: IniSettings;
  readonly rule: NotifyRule | undefined;
  readonly rotates: boolean;
  readonly rotationLimit: number;
  readonly onWarning: (warning: string) => void;
}

export interface ReportedBackupEnd {
  /** Undefined where the `before` hook asked to skip the run. */
  readonly report: BackupReport | undefined;
  readonly rotation: RotateReport | undefined;
  /** What went wrong after the archive was published. */
  readonly warnings: readonly string[];
}

/** How many archives the chart of a notification shows. */
const CHARTED_ARCHIVES = 14;

/** Backs up, rotates, and tells everybody who asked to be told. @throws whatever the backup throws */
export async function runReportedBackup(
  options: ReportedBackup,
): Promise<ReportedBackupEnd> {
  const { request, ini } = options;
  const log = openServerLog(request.settings, request.clock);
  const warnings: string[] = [];
  let end:
    { report: BackupReport; rotation: RotateReport | undefined } | undefined;
  const command = `backup ${request.type === 'differential' ? 'diff' : request.type}`;

  const run = {
    command,
    type: request.type,
    backupDir: request.backupDir,
    hostname: hostname(),
  };

  const listArchives = (): ArchivePoint[] => recentArchives(request.backupDir);

  const context = {
    run,
    settings: ini,
    installDir: request.installation.dir,
    server: request.settings,
    rule: options.rule,
    env: process.env,
    clock: request.clock,
    signal: request.signal,
    listArchives,
    makePage: async (): Promise<string> => {
      const { makeCurrentPage } = await import('./collect-status.js');
      return makeCurrentPage(request.installation, request);
    },
  };

  log.debug(`${command} started to ${request.backupDir}`);

  try {
    const told = await runWithReporting(
      context,
      async () => {
        const report = await runBackup(request);
        const rotation = await rotateAfter(options, report, (warning) =>
          warnings.push(warning),
        );
        end = { report, rotation };
        return toRunReport(run, end, warnings, await listSafely(listArchives));
      },
      options.onWarning,
    );

    if (end) {
      tellDebugLog(log, end, warnings);
      log.jobFinished(describe(end.report));
    }

    // A server that was never started has no log directory; that matters where its log was asked for.
    const isAsked =
      request.settings.logsStoreBackup ||
      existsSync(request.settings.logDirectory);
    if (log.problem !== undefined && isAsked) {
      warnings.push(`the server's log was not written: ${log.problem}`);
    }

    return {
      report: end?.report,
      rotation: end?.rotation,
      warnings: [...warnings, ...told.reportingWarnings],
    };
  } catch (error) {
    log.debug(`${command} failed: ${messageOf(error)}`);
    log.jobFailed(nameOf(request.type), messageOf(error));

    throw error;
  }
}

/** What a run left out, warned of, removed and made: a line each. */
function tellDebugLog(
  log: ServerLog,
  {
    report,
    rotation,
  }: { report: BackupReport; rotation: RotateReport | undefined },
  warnings: readonly string[],
): void {
  for (const { name, reason } of report.issues) {
    log.debug(`left out ${name}: ${reason}`);
  }

  for (const warning of [...report.warnings, ...warnings]) {
    log.debug(`warning: ${warning}`);
  }

  for (const { archive, action, failure } of rotation?.verdicts ?? []) {
    if (action === 'remove' && failure === undefined) {
      log.debug(`removed ${archive}`);
    }
  }

  log.debug(`finished: ${describe(report)}`);
}

/** A failed rotation is a warning: the archive stands. */
async function rotateAfter(
  { request, rotates, rotationLimit }: ReportedBackup,
  report: BackupReport,
  warn: (warning: string) => void,
): Promise<RotateReport | undefined> {
  if (!rotates || report.isMassLoss || report.verifiedEntries === 0) {
    return undefined;
  }

  try {
    const rotation = await runRotate({
      backupDir: request.backupDir,
      limit: rotationLimit,
      keepsDifferentials: request.settings.keepsDifferentials,
      isDryRun: false,
      expects: report.archive,
      lockWaitMs: request.lockWaitMs,
      clock: request.clock,
      signal: request.signal,
    });

    for (const { archive, failure } of rotation.verdicts) {
      if (failure !== undefined) {
        warn(`rotation could not remove ${archive}: ${failure}`);
      }
    }

    return rotation;
  } catch (error) {
    warn(
      `rotation ${error instanceof InterruptedError ? 'was' : 'removed nothing:'} ${messageOf(error)}`,
    );

    return undefined;
  }
}

function toRunReport(
  run: {
    command: string;
    type: ArchiveType;
    backupDir: string;
    hostname: string;
  },
  {
    report,
    rotation,
  }: { report: BackupReport; rotation: RotateReport | undefined },
  warnings: readonly string[],
  archives: readonly ArchivePoint[],
): RunReport {
  const isDone = report.issues.length === 0;
  const removed =
    rotation?.verdicts.filter(
      ({ action, failure }) => action === 'remove' && failure === undefined,
    ) ?? [];

  return {
    schema: 'kms-backup/run/1',
    ...run,
    type: report.type,
    startedAt: report.startedAt,
    finishedAt: report.finishedAt,
    outcome: isDone ? 'done' : 'incomplete',
    exitCode: isDone ? ExitCode.done : ExitCode.incomplete,
    archive: {
      name: report.archive,
      base: report.base === undefined ? undefined : archiveName(report.base),
      messages: report.messages,
      sizeBytes: report.sourceBytes,
      compressedBytes: report.storedBytes,
      volumes: report.volumes.length,
      verifiedEntries:
        report.verifiedEntries > 0 ? report.verifiedEntries : undefined,
    },
    warnings: [...report.warnings, ...warnings],
    skipped: report.issues.map(({ name, reason }) => ({ path: name, reason })),
    rotation: rotation && {
      kept: rotation.kept,
      limit: rotation.limit,
      removed: removed.map(({ archive }) => archive),
    },
    recentArchives: archives,
  };
}

function recentArchives(backupDir: string): ArchivePoint[] {
  return listArchiveFiles(backupDir)
    .slice(-CHARTED_ARCHIVES)
    .map(({ stem, type, takenAt, sizeBytes }) => ({
      name: archiveName(stem),
      type,
      takenAt,
      sizeBytes,
    }));
}

function describe(report: BackupReport): string {
  return `${report.archive}, ${plural(report.messages.total, 'message')}, ${formatSize(report.storedBytes)}, ${report.issues.length} left out`;
}

function nameOf(type: ArchiveType): string {
  return `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
}
