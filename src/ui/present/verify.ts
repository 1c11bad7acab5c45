import type { VerifyReport } from '../../archive/verify.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';

const LISTED_PROBLEMS = 20;

/** The result of a verify for people: a line an archive, and every damaged entry by name. */
export function formatVerify(reports: readonly VerifyReport[]): string {
  const lines = reports.flatMap(formatOne);
  if (reports.length === 1) return lines.join('\n');

  const unread = reports.filter(isUnread).length;
  const bad = reports.filter(
    (report) => !report.isSound && !isUnread(report),
  ).length;

  if (bad === 0 && unread === 0) {
    lines.push(`${plural(reports.length, 'archive')} sound`);
  }

  if (bad > 0) {
    lines.push(`${bad} of ${plural(reports.length, 'archive')} DAMAGED`);
  }

  if (unread > 0) {
    lines.push(
      `${unread} of ${plural(reports.length, 'archive')} could not be read`,
    );
  }

  return lines.join('\n');
}

/** Whether nothing speaks against the archive but that the disk or share would not give all of it. */
function isUnread({ fault, problems, unread }: VerifyReport): boolean {
  return unread.length > 0 && fault === undefined && problems.length === 0;
}

function describeVerdict(report: VerifyReport): string {
  const { archive, fault, problems, unread, entries } = report;
  if (report.isSound) {
    const how = report.isComplete ? 'every byte read' : 'structure only';
    const facts = `${formatCount(entries)} entries, ${plural(report.messages, 'message')}, ${formatSize(report.bytes)}`;

    return `ok       ${archive}  ${facts}, ${plural(report.volumes, 'volume')}, ${how}`;
  }

  if (isUnread(report)) {
    return `UNREAD   ${archive}  ${plural(unread.length, 'entry', 'entries')} could not be read: nothing is proven of it`;
  }

  return `DAMAGED  ${archive}  ${fault ?? `${plural(problems.length, 'entry', 'entries')} of ${formatCount(entries)} damaged`}`;
}

function formatOne(report: VerifyReport): string[] {
  const lines = [describeVerdict(report)];
  for (const warning of report.warnings) {
    lines.push(`         Warning: ${warning}`);
  }

  const problems = [...report.problems, ...report.unread];
  for (const { name, reason } of problems.slice(0, LISTED_PROBLEMS)) {
    lines.push(`         ${JSON.stringify(name)}: ${reason}`);
  }

  const more = problems.length - LISTED_PROBLEMS;
  if (more > 0) {
    lines.push(`         … and ${formatCount(more)} more; --json lists all`);
  }

  if (report.windowsNames.length > 0) {
    lines.push(
      `         ${plural(report.windowsNames.length, 'name')} could not be recovered on Windows, first ${JSON.stringify(report.windowsNames[0])}`,
    );
  }

  return lines;
}
