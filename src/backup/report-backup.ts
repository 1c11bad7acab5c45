import { existsSync } from 'node:fs';
import { archiveName, formatVolumeName } from '../archive/names.js';
import { isTopDirectory } from '../store/entry-place.js';
import { isMessagePath } from '../store/message-file.js';
import type { OpenRun } from './open-run.js';
import type { PackedPlan } from './pack-plan.js';
import type { BackupPlan } from './plan-archive.js';
import { splitAccepted } from './accept.js';
import { reportLeftOut } from './left-out.js';
import type { BackupIssue, BackupReport, BackupRequest } from './request.js';
import { reportReuse, warnOfFaults } from './reuse-report.js';
import type { SkippedPath } from '../store/list-directory.js';

/** The report of a plan that is not carried out. @param stem the name that its archive would have */
export function reportPlan(
  plan: BackupPlan,
  stem: string,
  startedAt: Date,
): BackupReport {
  return {
    schema: 'kms-backup/backup/1',
    isDryRun: true,
    type: plan.type,
    archive: archiveName(stem),
    base: plan.base?.stem,
    startedAt,
    finishedAt: startedAt,
    messages: { ...plan.messages, vanished: 0 },
    packedMessages: 0,
    files: plan.fileCount,
    directories: plan.directories.length,
    sourceBytes: 0,
    storedBytes: 0,
    volumes: [],
    entries: 0,
    verifiedEntries: 0,
    issues: plan.skipped.map(toIssue),
    accepted: [],
    excluded: reportLeftOut(plan.leftOut),
    unusedPatterns: { accept: [], exclude: plan.leftOut.unused },
    mailArchive: plan.mailArchive,
    keptOut: plan.keptOut.directories,
    reused: plan.reused,
    split: [],
    swept: [],
    warnings: plan.warnings,
    isMassLoss: false,
  };
}

/** What the administrator knows of makes no run incomplete; it is said apart. */
export function acceptKnown(
  report: BackupReport,
  { accept }: Pick<BackupRequest, 'accept'>,
): BackupReport {
  const { issues, accepted, unused } = splitAccepted(report.issues, accept);
  const unusedPatterns = { ...report.unusedPatterns, accept: unused };

  return { ...report, issues, accepted, unusedPatterns };
}

/** The report of a run, as soon as its archive is published. */
export function reportRun(run: OpenRun, packed: PackedPlan): BackupReport {
  const { request, plan, reuse, writer, packer, startedAt } = run;
  const { files, messages, sourceBytes } = packer.counts;

  return {
    ...reportPlan(plan, writer.stem, startedAt),
    isDryRun: false,
    finishedAt: request.clock(),
    messages: {
      ...plan.messages,
      vanished: [...packer.vanished].filter(isMessagePath).length,
    },
    packedMessages: messages,
    files,
    directories: packed.directories,
    sourceBytes,
    storedBytes: writer.sizeBytes,
    volumes: writer.volumes.map((_, index) =>
      formatVolumeName(writer.stem, index),
    ),
    entries: writer.entries,
    verifiedEntries: request.readsBack ? writer.entries : 0,
    issues: [
      ...packed.skipped.map(toIssue),
      ...packer.issues,
      ...findGoneSources(plan, packer.vanished),
    ],
    accepted: [],
    reused: reuse ? reportReuse(packer.copier.copied) : plan.reused,
    split: packer.split,
    warnings: [
      ...plan.warnings,
      ...warnOfEngine(packer.engineFault),
      ...warnOfFaults(packer.copier.copied),
    ],
  };
}

function warnOfEngine(fault: string | undefined): string[] {
  if (fault === undefined) return [];

  return [
    `the compression engine failed (${fault}), and zlib compressed in its place: the archive is whole`,
  ];
}

function toIssue({ name, reason, isByNature }: SkippedPath): BackupIssue {
  const issue = { kind: 'skipped' as const, name, reason };

  return isByNature === true ? { ...issue, isByNature } : issue;
}

/** Mail comes and goes; a configuration file or a whole part of the server that is gone at the end is no such thing. */
function findGoneSources(
  { directories }: BackupPlan,
  vanished: ReadonlySet<string>,
): BackupIssue[] {
  const goneDirectories = directories.filter(
    ({ prefix, path }) => isTopDirectory(prefix) && !existsSync(path),
  );

  const names = [
    ...[...vanished].filter((name) => !name.includes('/')),
    ...goneDirectories.map(({ prefix }) => prefix),
  ];

  return names.map((name) => ({
    kind: 'unreadable',
    name,
    reason: 'it vanished during the run',
  }));
}
