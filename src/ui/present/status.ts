import { formatAge, formatSize, plural } from '../../platform/units.js';
import { terminalChart } from '../../page/terminal-chart.js';
import type { TaskMoment } from '../../schedule/due-plan.js';
import type { StatusArchive, StatusReport } from '../../status/status.js';
import { document } from '../document.js';
import { formatMoment } from '../moment.js';
import { formatTable } from '../table.js';

/** Where stdout is no terminal: what mail and logs show without breaking lines. */
const USUAL_COLUMNS = 80;

/** The JSON document of `status`. */
export function statusDocument(
  report: StatusReport,
  next: TaskMoment | undefined,
): object {
  const { last, newestRecoverable, ...rest } = report;
  const nextRun = next && { type: next.task.type, at: next.at.toISOString() };

  return document('status', {
    ...rest,
    last: { ...last },
    newestRecoverable,
    nextRun,
  });
}

/** One screen: the state in rows, then the sizes of the last archives as bars. */
export function formatStatus(
  report: StatusReport,
  next: TaskMoment | undefined,
): string {
  const { last, newestRecoverable: newest, freeBytes } = report;
  const free =
    freeBytes === undefined
      ? 'directory missing'
      : `${formatSize(freeBytes)} free`;

  const rows = [
    ['Status', report.level.toUpperCase()],
    ['Full', describe(last.full)],
    ['Differential', describe(last.differential)],
    ['Copy', describe(last.copy)],
    [
      'Recoverable',
      newest
        ? `up to ${formatMoment(newest.takenAt)}, ${newest.name}`
        : 'nothing',
    ],
    ['Next run', next ? `${formatMoment(next.at)}, ${next.task.type}` : 'none'],
    [
      'Archives',
      `${plural(report.archives, 'archive')}, ${formatSize(report.sizeBytes)}, in ${report.backupDir}`,
    ],
    ['Space', free],
    [
      'Mail server',
      report.engine
        ? `runs (${report.engine.name}, pid ${report.engine.pid})`
        : 'does not run',
    ],
    ...(report.lock ? [['At work', report.lock.fact]] : []),
    ...report.warnings.map((warning) => ['Warning', warning]),
  ];

  const chart = terminalChart(report.recent, {
    columns: process.stdout.columns || USUAL_COLUMNS,
    isUnicode: isUnicodeTerminal(process.env, process.platform),
  });

  return [
    ...formatTable(rows),
    ...(chart.length > 0 ? ['', ...chart] : []),
  ].join('\n');
}

/**
 * Whether block characters can be shown: the locale's encoding is UTF-8 (POSIX: LC_ALL before LC_CTYPE before LANG, the
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
  const { takenAt, ageMs, sizeBytes, verifiedAt } = archive;
  const proof = verifiedAt
    ? `, verified ${verifiedAt.toISOString().slice(0, 10)}`
    : '';
  return `${formatMoment(takenAt)}, ${formatAge(ageMs)} ago, ${formatSize(sizeBytes)}${proof}`;
}
