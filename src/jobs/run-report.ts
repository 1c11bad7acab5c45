/** The report of a backup that published its archive, for mail, metrics, pings and hooks. */
import { archiveName } from '../archive/names.js';
import type { BackupReport } from '../backup/request.js';
import { ExitCode } from '../errors.js';
import type { ArchivePoint, RunReport } from '../report/run-report.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import { removedArchives } from './rotate-after.js';

/** The facts that a run's report is made of. */
export interface RunParts {
  /** `backup full`. */
  readonly command: string;
  readonly backupDir: string;
  readonly hostname: string;
  readonly report: BackupReport;
  readonly rotation: RotateReport | undefined;
  readonly warnings: readonly string[];
  readonly recentArchives: readonly ArchivePoint[];
}

/** The report of a run whose archive was published. Pure. */
export function toRunReport(parts: RunParts): RunReport {
  const { command, backupDir, hostname, report, rotation } = parts;
  const isDone = report.issues.length === 0 && !report.isMassLoss;

  return {
    schema: 'kms-backup/run/1',
    command,
    type: report.type,
    backupDir,
    hostname,
    startedAt: report.startedAt,
    finishedAt: report.finishedAt,
    outcome: isDone ? 'done' : 'incomplete',
    exitCode: isDone ? ExitCode.done : ExitCode.incomplete,
    archive: archiveFacts(report),
    warnings: parts.warnings,
    skipped: report.issues.map(({ name, reason }) => ({ path: name, reason })),
    accepted: report.accepted.map(({ name, reason }) => ({
      path: name,
      reason,
    })),
    excluded: report.excluded,
    unusedPatterns: report.unusedPatterns,
    rotation: rotation && {
      kept: rotation.kept,
      limit: rotation.limit,
      policy: rotation.policy,
      removed: removedArchives(rotation),
    },
    recentArchives: parts.recentArchives,
  };
}

function archiveFacts(report: BackupReport): RunReport['archive'] {
  return {
    name: report.archive,
    base: report.base === undefined ? undefined : archiveName(report.base),
    messages: report.messages,
    sizeBytes: report.sourceBytes,
    compressedBytes: report.storedBytes,
    volumes: report.volumes.length,
    mailArchive: report.mailArchive,
    keptOut: report.keptOut,
    verifiedEntries:
      report.verifiedEntries > 0 ? report.verifiedEntries : undefined,
  };
}
