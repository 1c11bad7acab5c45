import type { SetReport } from '../../config/settings-verb.js';
import { diffLines } from '../../server/config/diff.js';

/** For people: `keep: 7 -> 3`, a line for each setting. */
export function formatChanged({
  changed,
}: Pick<SetReport, 'changed'>): string[] {
  return changed.map(
    ({ name, from, to }) =>
      `${name}: ${String(from) || '-'} -> ${String(to) || '-'}`,
  );
}

/** What would be written: the lines of mailserver.cfg, then each setting; those of kms-backup.ini have the latter alone. */
export function formatPlan(report: SetReport): string {
  return [
    ...diffLines(report.before, report.after),
    ...formatChanged(report),
  ].join('\n');
}
