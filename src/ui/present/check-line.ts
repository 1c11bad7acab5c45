import { formatAge } from '../../platform/units.js';
import type { StatusReport } from '../../status/status-report.js';

/** What monitoring systems call this check. */
const SERVICE = 'KMS-BACKUP';

/**
 * One line as Nagios, Icinga and their like read it from a plug-in: verdict, facts, and numbers for graphs.
 * @param maxAgeMs the limit for the newest archive that can be recovered
 */
export function checkLine(report: StatusReport, maxAgeMs: number): string {
  const { level, newestRecoverable: newest } = report;
  const isOld = newest !== undefined && newest.ageMs > maxAgeMs;
  const age = describeAge(report, maxAgeMs);
  const worst = describeWorst(report, isOld ? newest.archive : undefined);
  const facts = isOld ? [age, ...worst] : [...worst, age];

  return `${SERVICE} ${level.toUpperCase()} - ${facts.join('; ')} | ${numbers(report, maxAgeMs)}`;
}

/** @param old the archive whose age is told anyway */
function describeWorst(
  { warnings, criticalWarnings }: StatusReport,
  old: string | undefined,
): string[] {
  const [first, ...more] = warnings.filter(
    (warning, index) =>
      old === undefined || index >= criticalWarnings || !warning.includes(old),
  );
  if (first === undefined) return [];

  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;

  return [plainLine(first) + others];
}

/** The line where nobody can look, or the call is wrong. */
export function unknownLine(reason: string): string {
  return `${SERVICE} UNKNOWN - ${plainLine(reason)}`;
}

function describeAge(
  { newestRecoverable: newest }: StatusReport,
  maxAgeMs: number,
): string {
  const limit = `limit ${formatAge(maxAgeMs)}`;

  if (!newest) return `nothing can be recovered (${limit})`;
  if (newest.ageMs < 0) {
    return `newest recoverable archive is dated in the future (${limit})`;
  }

  return `newest recoverable archive ${formatAge(newest.ageMs)} old (${limit})`;
}

/** `label=value[unit];warning;critical`; what is not known is left out. */
function numbers(report: StatusReport, maxAgeMs: number): string {
  const { newestRecoverable: newest, freeBytes, sizeBytes, archives } = report;
  const age = newest && Math.max(0, Math.floor(newest.ageMs / 1000));

  return [
    ...(age === undefined
      ? []
      : [`age=${age}s;;${Math.floor(maxAgeMs / 1000)}`]),
    ...(freeBytes === undefined ? [] : [`free=${freeBytes}B`]),
    `size=${sizeBytes}B`,
    `archives=${archives}`,
    `warnings=${report.warnings.length}`,
  ].join(' ');
}

/** A bar begins the numbers, and a line end ends the line. */
function plainLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '/').trim();
}
