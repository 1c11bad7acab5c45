import { formatDay, formatWeekdayMoment } from '../../platform/dates.js';
import { formatAge, formatSize, plural } from '../../platform/units.js';
import { describeLag } from '../../page/status-facts.js';
import { terminalChart } from '../../page/terminal-chart.js';
import { systemClock } from '../../platform/clock.js';
import { describeLeftOut } from '../../store/left-out-words.js';
import { describeKept } from '../../server/kept-words.js';
import { SEEMS_WRITTEN } from '../../archive/completeness.js';
import { describeDrill } from '../../archive/proof.js';
import type { ExitCode } from '../../errors.js';
import { describeLastRun, describeRunning } from '../../history/run-words.js';
import type {
  CollectedStatus,
  MirrorStatus,
} from '../../jobs/collect-status.js';
import { STATUS_LEVELS } from '../../jobs/status-metrics.js';
import type {
  StatusArchive,
  StatusReport,
} from '../../status/status-report.js';
import { describeMailArchive } from '../../page/mail-archive.js';
import { document } from '../document.js';
import { unknownLine } from './check-line.js';
import { toldError } from './error.js';
import { formatTable } from '../table.js';
import { paint, type Tone } from '../tones.js';
import { documentPins, pinRows } from './pin.js';

/** The width where stdout is no terminal: mail and logs show such lines unbroken. */
const USUAL_COLUMNS = 80;

/** Returns the exit code of a monitoring check. */
export function monitoringExitCode({ level }: StatusReport): ExitCode {
  return STATUS_LEVELS.indexOf(level) as ExitCode;
}

/** A monitoring check that cannot look, or was called wrongly. */
export function presentUnknown(error: unknown): {
  readonly exitCode: ExitCode;
  readonly json: object;
  readonly text: string;
} {
  const { message, hints } = toldError(error);
  const check = unknownLine(message);
  const advice = hints.map((hint) => `Try this     ${hint}`);

  return {
    exitCode: STATUS_LEVELS.indexOf('unknown') as ExitCode,
    json: document('status', { check, level: 'unknown', warnings: [message] }),
    text: [check, ...advice].join('\n'),
  };
}

/** The state as a document. */
export function documentStatus(
  {
    report,
    nextRuns: [next],
    lastRun,
    runs,
    progress,
    accepted,
    excluded,
    massLoss,
    mailArchive,
    mirror,
    running,
    states,
  }: CollectedStatus,
  check?: string,
): object {
  const { last, newestRecoverable, ...rest } = report;

  return document('status', {
    check,
    ...rest,
    last: { ...last },
    newestRecoverable,
    nextRun: next && { type: next.task.type, at: next.at.toISOString() },
    lastRun,
    accepted,
    excluded,
    runs: { ...runs, progress },
    massLoss,
    mailArchive,
    mirror,
    runningServer: running,
    pins: documentPins(states ?? [], systemClock()),
  });
}

/** One screen: the state in rows, then the sizes of the last archives as bars. */
export function formatStatus(status: CollectedStatus): string {
  const { report } = status;
  const chart = terminalChart(report.recent, {
    columns: process.stdout.columns || USUAL_COLUMNS,
    isUnicode: isUnicodeTerminal(process.env, process.platform),
  });

  return [
    ...formatTable(statusRows(status)),
    ...(chart.length > 0 ? ['', ...chart] : []),
  ].join('\n');
}

const LEVEL_TONES: Readonly<Record<StatusReport['level'], Tone>> = {
  ok: 'fine',
  warning: 'warning',
  critical: 'damage',
  unknown: 'warning',
};

function statusRows(status: CollectedStatus): string[][] {
  const {
    report,
    nextRuns: [next],
    mirror,
  } = status;
  const { last, newestRecoverable: newest, engine, lock } = report;

  return [
    ['Status', paint(LEVEL_TONES[report.level], report.level.toUpperCase())],
    ...lastRunRows(status),
    ['Full', describe(last.full)],
    ['Differential', describe(last.differential)],
    ['Copy', describe(last.copy)],
    [
      'Recoverable',
      newest
        ? `up to ${formatWeekdayMoment(newest.takenAt)}, ${newest.name}`
        : 'nothing',
    ],
    ...leftOutRows(status),
    ['Next run', describeNext(next)],
    [
      'Archives',
      `${plural(report.archives, 'archive')}, ${formatSize(report.sizeBytes)}, in ${report.backupDir}`,
    ],
    ...(mirror ? [['Off-site', describeMirror(mirror)]] : []),
    ['Space', describeSpace(report)],
    [
      'Mail server',
      engine ? `runs (${engine.name}, pid ${engine.pid})` : 'does not run',
    ],
    ...runningRows(status),
    ...(lock ? [['At work', lock.fact]] : []),
    ...writtenRows(report),
    ...keptRows(status),
    ...report.warnings.map((warning) => [paint('warning', 'Warning'), warning]),
  ];
}

/** An archive that is not whole, and not damaged. */
function writtenRows({ recent }: StatusReport): string[][] {
  return recent
    .filter(({ isBeingWritten }) => isBeingWritten)
    .map(({ name }) => ['At work', `${name} ${SEEMS_WRITTEN}`]);
}

/** What the running server says of itself, and that settings and schedule are its own. */
function runningRows({ running }: CollectedStatus): string[][] {
  if (!running) return [];
  const { version, address, isAtWork, percent, last } = running;
  const newest = Object.values(last)
    .filter((archive) => archive !== undefined)
    .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0];

  return [
    ['Asked', `${version} at ${address}: settings and schedule are its own`],
    [
      'Its backup',
      isAtWork
        ? `at work, ${percent} %`
        : `at rest; last ${newest ? formatWeekdayMoment(newest.takenAt) : 'none'}`,
    ],
  ];
}

/** What stays because somebody said so: pinned archives, and states before recovers. */
function keptRows({ report, states }: CollectedStatus): string[][] {
  const now = systemClock();

  return [
    ...pinRows(states ?? [], now),
    ...report.keptStates.map((kept) => ['Kept', describeKept(kept, now)]),
  ];
}

/** The mail archive, and what the last backup left out and was known. */
function leftOutRows({
  mailArchive,
  accepted,
  excluded,
}: CollectedStatus): string[][] {
  const isAny =
    excluded && excluded.domains + excluded.users + excluded.folders > 0;

  return [
    ...(mailArchive
      ? [['Mail archive', describeMailArchive(mailArchive)]]
      : []),
    ...(accepted > 0 ? [['Accepted', describeAccepted(accepted)]] : []),
    ...(isAny
      ? [['Left out', `on purpose: ${describeLeftOut(excluded)}`]]
      : []),
  ];
}

const describeAccepted = (count: number): string =>
  `${plural(count, 'path')} left out of the last backup, as [backup] accept says`;

/** The history's last run; where it has none, the last that `schedule run` made. */
function lastRunRows({ runs, progress, lastRun }: CollectedStatus): string[][] {
  const { running } = runs;
  const told = describeLastRun(runs) ?? (lastRun && describeRun(lastRun));

  return [
    ...(running ? [['Running', describeRunning(running, progress)]] : []),
    ...(told === undefined
      ? []
      : [['Last run', paint(runs.failing && 'damage', told)]]),
  ];
}

/** `Sun 2026-11-29 01:00 CET, full`. */
function describeNext(
  next: CollectedStatus['nextRuns'][number] | undefined,
): string {
  return next ? `${formatWeekdayMoment(next.at)}, ${next.task.type}` : 'none';
}

/** `24h behind, I20261128T220007Z.zip in s3://mail-backup/mail1`. */
function describeMirror(mirror: MirrorStatus): string {
  const { to, newest } = mirror;
  const lag = describeLag(mirror);

  return newest === undefined || lag === undefined
    ? `nothing in ${to}`
    : `${lag}, ${newest} in ${to}`;
}

/** `Sun 2026-11-29 01:00 CET, full, exit code 0`. */
function describeRun({
  startedAt,
  type,
  exitCode,
}: NonNullable<CollectedStatus['lastRun']>): string {
  return `${formatWeekdayMoment(startedAt)}, ${type}, exit code ${exitCode}`;
}

function describeSpace({ isThere, freeBytes }: StatusReport): string {
  if (!isThere) return 'directory missing';

  return freeBytes === undefined
    ? 'no limit is known'
    : `${formatSize(freeBytes)} free`;
}

/**
 * Says whether block characters can be shown: the locale's encoding is UTF-8 (POSIX: LC_ALL before LC_CTYPE before LANG, the
 * empty one does not count); on Windows, where it is a terminal that has them.
 */
export function isUnicodeTerminal(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): boolean {
  if (platform === 'win32') {
    return Boolean(env['WT_SESSION']) || env['TERM_PROGRAM'] === 'vscode';
  }

  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );

  return /utf-?8/i.test(locale ?? '');
}

function describe(archive: StatusArchive | undefined): string {
  if (!archive) return 'none';
  const { takenAt, ageMs, sizeBytes, verifiedAt, drilled } = archive;
  const proof = verifiedAt ? `, verified ${formatDay(verifiedAt)}` : '';
  const drill = drilled ? `, drilled ${describeDrill(drilled)}` : '';
  return `${formatWeekdayMoment(takenAt)}, ${formatAge(ageMs)} ago, ${formatSize(sizeBytes)}${proof}${drill}`;
}
