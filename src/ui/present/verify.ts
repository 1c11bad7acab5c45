import { SEEMS_WRITTEN } from '../../archive/completeness.js';
import { documentDamage } from '../../archive/damage.js';
import { archiveName } from '../../archive/names.js';
import type { VerifyReport } from '../../archive/verify.js';
import type { VerifyEnd } from '../../verify/run-verify.js';
import { ExitCode, type KmsError } from '../../errors.js';
import { toSystemError } from '../../platform/system-error.js';
import { formatDay } from '../../platform/dates.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';
import { document } from '../document.js';
import { padToWidth } from '../terminal-text.js';
import { paint, type Tone } from '../tones.js';

const LISTED_PROBLEMS = 20;
const ADVICE =
  '         What the damage does not concern can be recovered; recover --salvage and export --salvage take all that can be read.';
const SEALED_ADVICE =
  '         Name the file that holds the identity with --identity FILE, and every byte is read and opened.';
const READ_ADVICE =
  '         Without it --read compares the SHA-256 of every sealed byte with the seal.';

/**
 * Returns the end of a verify. Damage counts as such; a file that could not be read is an error of the system; what the time was too
 * short for is incomplete.
 */
export function verifyEnd({ reports, left }: VerifyEnd): {
  readonly exitCode: ExitCode;
  readonly error?: KmsError | undefined;
} {
  if (reports.every(isDone)) {
    const isAll = left.length === 0;

    return { exitCode: isAll ? ExitCode.done : ExitCode.incomplete };
  }

  const isDamaged = reports.some(
    ({ isSound, isSealed, unread }) =>
      !isSound && !isSealed && unread.length === 0,
  );
  const isAllSealed = reports.every(
    ({ isSound, isSealed }) => isSound || isSealed,
  );
  if (isAllSealed) return { exitCode: ExitCode.incomplete };

  const report = reports.find(({ unread }) => unread.length > 0);
  const first = report?.unread[0];
  if (isDamaged || !report || !first) return { exitCode: ExitCode.damaged };

  const cause = Object.assign(new Error(first.reason), {
    code: first.errno,
    syscall: 'read',
  });

  const error = toSystemError(cause, {
    fact: `${report.archive} cannot be read`,
    hints: [
      'Nothing was recorded of that archive. Verify it again when the disk or share is well.',
    ],
  });

  return { exitCode: ExitCode.failed, error };
}

/** Sound as far as it was asked: --quick asks of sealed ones whether they are what was sealed. */
function isDone({
  isSound,
  isSealed,
  isComplete,
  seal,
}: VerifyReport): boolean {
  return isSound || (isSealed && !isComplete && seal !== undefined);
}

/** The result of a verify as a document. */
export function documentVerify({
  reports,
  left,
  unfinished,
  warnings,
}: VerifyEnd): object {
  return document('verify', {
    isSound: reports.every(({ isSound }) => isSound),
    archives: reports.map(documentReport),
    left,
    unfinished,
    warnings,
  });
}

function documentReport({ damage, ...report }: VerifyReport): object {
  return {
    ...report,
    damage: damage.map((one) => ({
      archive: archiveName(one.archive),
      ...documentDamage(one),
    })),
  };
}

/** The result of a verify for people: a line an archive, and every damaged entry by name. */
export function formatVerify({ reports, left, unfinished }: VerifyEnd): string {
  const written = unfinished.map(
    (archive) => `${archive} ${SEEMS_WRITTEN}; the next verify looks at it`,
  );
  const rest =
    left.length === 0
      ? written
      : [
          ...written,
          `${plural(left.length, 'archive')} left: ${reports.length === 0 ? 'the time was too short for one of them' : 'the time was over'}; the next call goes on with what is least proven`,
        ];
  if (reports.length === 0) {
    const nothing = 'Every archive was verified before: nothing to do.';

    return (rest.length === 0 ? [nothing] : rest).join('\n');
  }

  return [formatReports(reports), ...rest].join('\n');
}

function formatReports(reports: readonly VerifyReport[]): string {
  const lines = reports.flatMap(formatOne);
  const unread = reports.filter(isUnread).length;
  const sealed = reports.filter(isClosed).length;
  const bad = reports.filter(
    (report) => !report.isSound && !report.isSealed && !isUnread(report),
  ).length;
  if (bad > 0) lines.push(ADVICE);
  if (sealed > 0) lines.push(SEALED_ADVICE);
  if (reports.some((report) => isClosed(report) && report.seal)) {
    lines.push(READ_ADVICE);
  }

  if (reports.length === 1) return lines.join('\n');

  if (bad + unread + sealed === 0) {
    lines.push(`${plural(reports.length, 'archive')} sound`);
  }

  if (bad > 0) {
    lines.push(
      `${bad} of ${plural(reports.length, 'archive')} ${paint('damage', 'DAMAGED')}`,
    );
  }

  if (sealed > 0) {
    lines.push(
      `${sealed} of ${plural(reports.length, 'archive')} sealed, and not opened`,
    );
  }

  if (unread > 0) {
    lines.push(
      `${unread} of ${plural(reports.length, 'archive')} could not be read`,
    );
  }

  return lines.join('\n');
}

/** It is sealed, and nothing that is in it is proven. */
function isClosed({ isSealed, isSound }: VerifyReport): boolean {
  return isSealed && !isSound;
}

/** Says whether the only fault is that the disk or share did not give all of the archive. */
function isUnread({ fault, problems, unread }: VerifyReport): boolean {
  return unread.length > 0 && fault === undefined && problems.length === 0;
}

/** A verdict, its colour, and what it stands on. */
interface Verdict {
  readonly tone: Tone;
  readonly word: string;
  readonly facts: string;
}

const VERDICT_COLUMNS = 'DAMAGED'.length;

function describeVerdict(report: VerifyReport): string {
  const { tone, word, facts } = verdictOf(report);
  const painted = paint(tone, word);
  const verdict = padToWidth(painted, VERDICT_COLUMNS);

  return `${verdict}  ${report.archive}  ${facts}`;
}

function verdictOf(report: VerifyReport): Verdict {
  if (report.isSound) {
    return {
      tone: 'fine',
      word: 'ok',
      facts: describeSound(report),
    };
  }

  if (report.isSealed) {
    return {
      tone: 'warning',
      word: 'SEALED',
      facts: describeClosed(report),
    };
  }

  if (isUnread(report)) {
    return {
      tone: 'damage',
      word: 'UNREAD',
      facts: describeUnread(report),
    };
  }

  return {
    tone: 'damage',
    word: 'DAMAGED',
    facts: report.fault ?? countProblems(report),
  };
}

function describeUnread({ unread }: VerifyReport): string {
  const entries = plural(unread.length, 'entry', 'entries');

  return `${entries} could not be read: nothing is proven of it`;
}

function describeSound(report: VerifyReport): string {
  if (report.seal) return describeSeal(report);

  const how = report.isComplete ? 'every byte read' : 'structure only';
  const facts = [
    `${formatCount(report.entries)} entries`,
    plural(report.messages, 'message'),
    formatSize(report.bytes),
    plural(report.volumes, 'volume'),
    how,
  ];

  return facts.join(', ');
}

function describeClosed(report: VerifyReport): string {
  if (report.seal) return describeSeal(report);

  const volumes = plural(report.volumes, 'volume');

  return `${volumes}, none missing; nothing is proven of what is in it`;
}

function countProblems({ problems, entries }: VerifyReport): string {
  const bad = plural(problems.length, 'entry', 'entries');
  const all = formatCount(entries);

  return `${bad} of ${all} damaged`;
}

/** What the seal proves of an archive, and what not. */
function describeSeal({ volumes, messages, seal }: VerifyReport): string {
  const how = seal?.isRead
    ? 'every sealed byte read, SHA-256'
    : 'size and ETag on the server';
  const before = seal?.isReadBack
    ? 'and was read back then'
    : 'and was not read back then';
  const day = seal ? formatDay(seal.sealedAt) : '';
  const facts = `${plural(volumes, 'volume')}, ${plural(messages, 'message')}`;

  return `${facts}: is what was sealed on ${day} (${how}), ${before}; not opened now`;
}

function formatOne(report: VerifyReport): string[] {
  const lines = [describeVerdict(report)];
  for (const warning of report.warnings) {
    lines.push(`         ${paint('warning', 'Warning:')} ${warning}`);
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
