import { describeKept } from '../../archive/kept-counts.js';
import type { RotateReport } from '../../rotate/report-rotation.js';
import { formatSize, plural } from '../../platform/units.js';
import { formatTable } from '../table.js';
import { paint } from '../tones.js';

/** Every archive with its verdict and the rule that gave it. */
export function formatRotate(report: RotateReport): string {
  const rows = report.verdicts.map(({ action, reason, archive, failure }) => [
    failure === undefined ? action : paint('damage', 'FAILED'),
    failure === undefined ? reason : `${reason}: ${failure}`,
    archive,
  ]);

  const count = report.verdicts.filter(
    ({ action, failure }) => action === 'remove' && failure === undefined,
  ).length;
  const what = `${plural(count, 'archive')}, ${formatSize(report.removedBytes)}.`;
  const last = report.isDryRun
    ? `Would remove ${what} Nothing was changed.`
    : `Removed ${what}`;

  return [...formatTable(rows), last].join('\n');
}

/** One line for the report of a backup: `kept 3 of at most 3 complete backups, and 2 differentials; removed F20261101T010004Z.zip`. */
export function formatRotation(report: RotateReport): string {
  const removed = report.verdicts.filter(
    ({ action, failure }) => action === 'remove' && failure === undefined,
  );
  const names = removed.map(({ archive }) => archive).join(', ');
  return `${describeKept(report.kept, report.limit)}${names === '' ? '' : `; removed ${names}`}`;
}
