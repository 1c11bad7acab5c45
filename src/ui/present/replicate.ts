import { ExitCode } from '../../errors.js';
import type { MirrorEnd } from '../../jobs/mirror-archives.js';
import { formatSize, plural } from '../../platform/units.js';
import type { ReplicatedArchive } from '../../replicate/request.js';
import { formatTable } from '../table.js';
import { paint } from '../tones.js';
import { formatRotation } from './rotate.js';

/** Damage is said louder than what is lacking for another reason. */
export function replicateExitCode({ report, rotation }: MirrorEnd): ExitCode {
  const left = report.archives.filter(({ action }) => action === 'left');
  if (left.some(({ code }) => code === 'DAMAGED_ARCHIVE')) {
    return ExitCode.damaged;
  }

  const isWhole = left.length === 0 && (rotation?.failures ?? 0) === 0;

  return isWhole ? ExitCode.done : ExitCode.incomplete;
}

export function documentReplicate(end: MirrorEnd): object {
  return {
    ...end.report,
    rotation: end.rotation ?? null,
    exitCode: replicateExitCode(end),
  };
}

/** Every archive and what became of it, then what the other place keeps. */
export function formatReplicate({ report, rotation }: MirrorEnd): string {
  const rows = report.archives.map(({ action, archive, reason }) => [
    action === 'left' ? paint('damage', 'NOT THERE') : action,
    archive,
    reason ?? '',
  ]);

  const copied = report.archives.filter(
    ({ action }) => action === 'copied' || action === 'copy',
  );
  const what = `${plural(copied.length, 'archive')}, ${formatSize(sizeOf(copied))}, to ${report.to}.`;

  return [
    ...formatTable(rows),
    ...(rotation ? [`There: ${formatRotation(rotation)}.`] : []),
    report.isDryRun
      ? `Would copy ${what} Nothing was changed.`
      : `Copied ${what}`,
  ].join('\n');
}

/** One line for the report of a backup. */
export function formatMirror({ report, rotation }: MirrorEnd): string {
  const copied = report.archives.filter(({ action }) => action === 'copied');
  const kept = rotation ? `; ${formatRotation(rotation)}` : '';

  return `${plural(copied.length, 'archive')} copied (${formatSize(sizeOf(copied))}) to ${report.to}${kept}`;
}

function sizeOf(archives: readonly ReplicatedArchive[]): number {
  return archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
