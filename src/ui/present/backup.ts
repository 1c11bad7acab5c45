import { describePin } from '../../archive/pin-words.js';
import { archiveName } from '../../archive/names.js';
import type {
  BackupEstimate,
  BackupIssue,
  BackupReport,
  MailArchive,
  ReuseReport,
} from '../../backup/request.js';
import { ExitCode } from '../../errors.js';
import type { NightlyBackupEnd } from '../../jobs/nightly-backup.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../../platform/units.js';
import { describeLeftOut, describeUnused } from '../../store/left-out-words.js';
import { document } from '../document.js';
import { documentReplicate, formatMirror } from './replicate.js';
import { formatRotation } from './rotate.js';

/** What followed the archive. */
type AfterBackup = Partial<Pick<NightlyBackupEnd, 'rotation' | 'mirror'>>;

const LISTED_ISSUES = 20;

/** Returns the exit code of a backup that published or planned an archive. */
export function backupExitCode({ issues, isMassLoss }: BackupReport): ExitCode {
  return issues.length > 0 || isMassLoss ? ExitCode.incomplete : ExitCode.done;
}

/** The report of a backup as a document. */
export function documentBackup(
  report: BackupReport,
  warnings: readonly string[],
  { rotation, mirror }: AfterBackup = {},
): object {
  const base = report.base === undefined ? undefined : archiveName(report.base);

  return {
    ...report,
    base,
    warnings,
    rotation: rotation ?? null,
    ...(mirror && { mirror: documentReplicate(mirror) }),
    exitCode: backupExitCode(report),
  };
}

/** A run that did not take place, as a document. */
export function documentSkipped(warnings: readonly string[]): object {
  return document('skipped', {
    reason: 'the before hook asked to skip this backup',
    warnings,
  });
}

/** The report of a backup for people. */
export function formatBackup(
  report: BackupReport,
  after: AfterBackup = {},
): string {
  return [
    ...formatIssues(report.issues),
    ...formatAccepted(report.accepted),
    ...formatExcluded(report),
    ...(report.isDryRun ? formatPlan(report) : formatDone(report, after)),
  ].join('\n');
}

function formatDone(
  report: BackupReport,
  { rotation, mirror }: AfterBackup,
): string[] {
  const { messages, volumes } = report;
  const kind =
    report.base === undefined
      ? report.type
      : `differential to ${archiveName(report.base)}`;

  const counted =
    report.base === undefined
      ? `${formatCount(report.packedMessages)} saved`
      : `${formatCount(messages.new)} new, ${formatCount(messages.changed)} changed, ${formatCount(messages.unchanged)} unchanged, ${formatCount(messages.deleted)} deleted`;

  const lines = [
    `Messages   ${counted}, ${formatCount(messages.vanished)} vanished`,
    `Stored     ${formatSize(report.sourceBytes)} in ${plural(volumes.length, 'volume')} (${formatSize(report.storedBytes)} compressed), ${kind}`,
    report.verifiedEntries > 0
      ? `Verified   ${formatCount(report.verifiedEntries)} of ${formatCount(report.entries)} entries read back`
      : 'Verified   no: --no-verify was given',
  ];

  if (report.mailArchive) {
    lines.push(`Archive    ${formatMailArchive(report.mailArchive)}`);
  }

  if (report.reused) lines.push(`Reused     ${formatReused(report.reused)}`);

  if (report.split.length > 0) {
    lines.push(
      `Split      ${plural(report.split.length, 'file')} kept in parts`,
    );
  }

  if (report.swept.length > 0) {
    lines.push(
      `Swept      ${plural(report.swept.length, 'file')} of a run that did not end`,
    );
  }

  lines.push(...formatKeptOut(report), ...formatBirthPin(report));
  if (rotation) lines.push(`Rotation   ${formatRotation(rotation)}`);
  if (mirror) lines.push(`Mirror     ${formatMirror(mirror)}`);

  const durationMs = report.finishedAt.getTime() - report.startedAt.getTime();

  return [...lines, `${report.archive}  ${formatDuration(durationMs)}`];
}

function formatMailArchive({ directory, files }: MailArchive): string {
  return `${plural(files, 'file')} of the mail archive in ${directory}`;
}

/** Archives are never packed into archives. */
function formatKeptOut({ keptOut }: BackupReport): string[] {
  return keptOut.map(
    (directory) => `Kept out   ${directory}: archives lie there`,
  );
}

function formatBirthPin({ pin, finishedAt }: BackupReport): string[] {
  if (!pin) return [];

  const words = describePin(pin, finishedAt) ?? '';

  return [`Pinned     ${words.replace(/^pinned:? ?/, '') || 'for ever'}`];
}

function formatPlan(report: BackupReport): string[] {
  const { messages } = report;
  const { mailArchive, reused } = report;

  return [
    `Would write ${report.archive}: ${report.type}, ${plural(messages.new + messages.changed, 'message')}, ${plural(report.files, 'file')} in all.`,
    ...(mailArchive ? [`With ${formatMailArchive(mailArchive)}.`] : []),
    ...formatKeptOut(report),
    ...(reused ? [`Would reuse ${formatReused(reused)}.`] : []),
    ...(report.estimate ? formatEstimate(report.estimate) : []),
    'Nothing was written.',
  ];
}

function formatEstimate({
  sourceBytes,
  storedBytes,
  durationMs,
  like,
  freeBytes,
  minFreeBytes,
}: BackupEstimate): string[] {
  const basis = like === undefined ? 'the usual share of mail' : `like ${like}`;
  const time =
    durationMs === undefined ? '' : `, in about ${formatDuration(durationMs)}`;
  const stays =
    minFreeBytes > 0 ? `; ${formatSize(minFreeBytes)} are to stay free` : '';

  return [
    `Estimate   ${formatSize(sourceBytes)} to pack, about ${formatSize(storedBytes)} stored (${basis})${time}`,
    ...(freeBytes === undefined
      ? []
      : [
          `Space      ${formatSize(freeBytes)} free now, about ${formatSize(freeBytes - storedBytes)} afterwards${stays}`,
        ]),
  ];
}

/** `200 files (1.2 MiB) out of F20060118T220007Z.zip`. */
function formatReused({
  archives,
  files,
  storedBytes,
  readInstead,
  reason,
}: ReuseReport): string {
  if (reason !== undefined) return `nothing: ${reason}`;

  const names = archives
    .filter((archive) => archive.files > 0)
    .map(({ archive }) => archive)
    .join(' and ');

  const from = names === '' ? '' : ` out of ${names}`;

  const instead =
    readInstead > 0
      ? `; ${formatCount(readInstead)} could not be copied and were read`
      : '';

  return `${plural(files, 'file')} (${formatSize(storedBytes)})${from}${instead}`;
}

/** Lists the files that are not, or not certainly, in the archive. */
function formatIssues(issues: readonly BackupIssue[]): string[] {
  if (issues.length === 0) return [];

  return [
    `Incomplete: ${plural(issues.length, 'path')} not backed up, or in doubt`,
    ...listIssues(issues),
    '',
  ];
}

/** What is known is never silent. */
function formatAccepted(accepted: readonly BackupIssue[]): string[] {
  if (accepted.length === 0) return [];

  return [
    `Accepted: ${plural(accepted.length, 'path')} not backed up, as [backup] accept of kms-backup.ini says`,
    ...listIssues(accepted),
    '',
  ];
}

/** Neither is what was asked for, nor a pattern that asks for nothing. */
function formatExcluded({ excluded, unusedPatterns }: BackupReport): string[] {
  const listed = excluded.paths.slice(0, LISTED_ISSUES);
  const more = excluded.paths.length - listed.length;
  const unused = (['accept', 'exclude'] as const).flatMap((key) =>
    unusedPatterns[key].map((pattern) => describeUnused(key, pattern)),
  );

  const lines = [
    ...(listed.length > 0
      ? [`Left out on purpose: ${describeLeftOut(excluded)}`]
      : []),
    ...listed.map(({ kind, name }) => `  ${kind.padEnd(10)} ${name}`),
    ...(more > 0 ? [moreLine(more)] : []),
    ...unused,
  ];

  return lines.length > 0 ? [...lines, ''] : [];
}

function moreLine(more: number): string {
  return `  … and ${plural(more, 'more', 'more')}; --json lists all`;
}

function listIssues(issues: readonly BackupIssue[]): string[] {
  const lines = issues
    .slice(0, LISTED_ISSUES)
    .map(({ kind, name, reason }) => `  ${kind.padEnd(10)} ${name}: ${reason}`);
  const more = issues.length - lines.length;

  if (more > 0) {
    lines.push(moreLine(more));
  }

  return lines;
}
