import type { VerifyReport } from '../archive/verify.js';
import { formatCount, formatSize, plural } from '../platform/units.js';

const LISTED_PROBLEMS = 20;

/** The result of a verify for people: a line an archive, and every damaged entry by name. */
export function formatVerify(reports: readonly VerifyReport[]): string {
  const lines = reports.flatMap(formatOne);
  const bad = reports.filter(({ isSound }) => !isSound).length;
  if (reports.length > 1) {
    lines.push(
      bad === 0
        ? `${plural(reports.length, 'archive')} sound`
        : `${bad} of ${plural(reports.length, 'archive')} DAMAGED`,
    );
  }
  return lines.join('\n');
}

function formatOne(report: VerifyReport): string[] {
  const how = report.isComplete ? 'every byte read' : 'structure only';
  const facts = `${formatCount(report.entries)} entries, ${plural(report.messages, 'message')}, ${formatSize(report.bytes)}`;
  const lines = [
    report.isSound
      ? `ok       ${report.archive}  ${facts}, ${plural(report.volumes, 'volume')}, ${how}`
      : `DAMAGED  ${report.archive}  ${report.fault ?? `${plural(report.problems.length, 'entry', 'entries')} of ${formatCount(report.entries)} damaged`}`,
  ];
  for (const { name, reason } of report.problems.slice(0, LISTED_PROBLEMS))
    lines.push(`         ${JSON.stringify(name)}: ${reason}`);
  const more = report.problems.length - LISTED_PROBLEMS;
  if (more > 0) lines.push(`         … and ${formatCount(more)} more; --json lists all`);
  if (report.windowsNames.length > 0) {
    lines.push(
      `         ${plural(report.windowsNames.length, 'name')} could not be recovered on Windows, first ${JSON.stringify(report.windowsNames[0])}`,
    );
  }
  return lines;
}
