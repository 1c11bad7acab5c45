import type { RecoverReport } from '../recover/request.js';
import { formatCount, formatDuration, formatSize, plural } from '../platform/units.js';

/** The plan of a recover, as it is shown before anything happens. */
export function formatRecoverPlan(report: RecoverReport): string {
  return [
    `Recover   ${plural(report.messages, 'message')}, ${plural(report.files, 'file')}, ${formatSize(report.bytes)}, as of ${report.takenAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    `From      ${report.archives.join(' + ')}`,
    `To        ${report.storeDir} (store), ${report.cfgDir} (configuration)`,
    `Will      replace ${report.replaces.join(', ')}`,
    `Space     ${formatSize(report.neededBytes)} needed, ${formatSize(report.freeBytes)} free`,
    ...report.warnings.map((warning) => `Note      ${warning}`),
  ].join('\n');
}

/** What a recover did. */
export function formatRecoverDone(report: RecoverReport): string {
  const lines = [
    `Recovered  ${formatCount(report.messages)} messages, ${plural(report.files, 'file')}, ${formatSize(report.bytes)} from ${report.archives.join(' + ')}`,
    `Verified   every byte before the first was replaced`,
  ];
  if (report.keptOld.length > 0) {
    lines.push(`Kept       the state before: ${report.keptOld.join(', ')} (undo with recover --rollback)`);
  }
  return [...lines, `Done  ${formatDuration(report.durationMs)}`].join('\n');
}
