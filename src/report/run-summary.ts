import { describeKept } from '../archive/kept-counts.js';
import { formatMoment } from '../platform/dates.js';
import { describeLeftOut, describeUnused } from '../store/left-out-words.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../platform/units.js';
import {
  durationMsOf,
  type ArchiveFacts,
  type MessageCounts,
  type RunReport,
} from './run-report.js';

/** A labelled line of the summary. */
export type SummaryRow = readonly [label: string, text: string];

/** The run's facts as labelled lines, for the mail's text and its table. Pure. */
export function summaryRows(report: RunReport): SummaryRow[] {
  const rows: SummaryRow[] = [];
  const { archive, rotation } = report;

  if (archive) rows.push(...archiveRows(report, archive));
  rows.push(...acceptedRows(report), ...excludedRows(report));
  if (rotation) rows.push(['Rotation', rotationText(rotation)]);
  rows.push(
    ['Started', formatMoment(report.startedAt)],
    ['Took', formatDuration(durationMsOf(report))],
  );
  rows.push(['Directory', report.backupDir], ['Machine', report.hostname]);

  return rows;
}

function archiveRows(report: RunReport, archive: ArchiveFacts): SummaryRow[] {
  const base =
    archive.base === undefined ? '' : `, differential to ${archive.base}`;
  const size = `${formatSize(archive.sizeBytes)} in ${plural(archive.volumes, 'volume')}`;

  const verified =
    archive.verifiedEntries === undefined
      ? 'not read back'
      : `${plural(archive.verifiedEntries, 'entry', 'entries')} read back`;

  return [
    ['Archive', `${archive.name} (${report.type})`],
    ['Messages', messagesText(archive.messages)],
    [
      'Stored',
      `${size} (${formatSize(archive.compressedBytes)} compressed)${base}`,
    ],
    ['Verified', verified],
    ...partRows(archive),
  ];
}

/** What is in the archive beside the usual, and what of the server is not in it since it is archives. */
function partRows({ mailArchive, keptOut = [] }: ArchiveFacts): SummaryRow[] {
  return [
    ...(mailArchive
      ? [['With', describeMailArchive(mailArchive)] as const]
      : []),
    ...keptOut.map(
      (directory) => ['Kept out', `${directory}: archives lie there`] as const,
    ),
  ];
}

function describeMailArchive({
  files,
  directory,
}: NonNullable<ArchiveFacts['mailArchive']>): string {
  return `${plural(files, 'file')} of the mail archive in ${directory}`;
}

const NAMED = 5;

/** What is left out and known, each night anew. */
function acceptedRows({ accepted = [] }: RunReport): SummaryRow[] {
  if (accepted.length === 0) return [];

  const names = accepted.slice(0, NAMED).map(({ path }) => path);
  const more = accepted.length > NAMED ? ', …' : '';
  const what = `${plural(accepted.length, 'path')} not in the archive`;

  return [['Accepted', `${what}: ${names.join(', ')}${more}`]];
}

/** What is left out on purpose, and patterns of which nobody has anything. */
function excludedRows({ excluded, unusedPatterns }: RunReport): SummaryRow[] {
  const rows: SummaryRow[] = [];

  if (excluded && excluded.paths.length > 0) {
    const names = excluded.paths.slice(0, NAMED).map(({ name }) => name);
    const more = excluded.paths.length > NAMED ? ', …' : '';
    const what = describeLeftOut(excluded);

    rows.push(['Left out', `on purpose: ${what}: ${names.join(', ')}${more}`]);
  }

  for (const key of ['accept', 'exclude'] as const) {
    for (const pattern of unusedPatterns?.[key] ?? []) {
      rows.push(['Pattern', describeUnused(key, pattern)]);
    }
  }

  return rows;
}

/** `50,250: 1,204 new, 37 changed, 49,009 unchanged, 58 deleted, 3 vanished` */
function messagesText({ total, ...kinds }: MessageCounts): string {
  const parts = Object.entries(kinds).flatMap(([kind, count]) =>
    count > 0 ? [`${formatCount(count)} ${kind}`] : [],
  );
  return parts.length === 0
    ? formatCount(total)
    : `${formatCount(total)}: ${parts.join(', ')}`;
}

function rotationText({
  kept,
  limit,
  removed,
}: NonNullable<RunReport['rotation']>): string {
  const gone =
    removed.length === 0 ? 'removed nothing' : `removed ${removed.join(', ')}`;
  return `${describeKept(kept, limit)}; ${gone}`;
}

/** One line that says how the run ended; the mail's subject and first line. */
export function headline(report: RunReport): string {
  const what =
    report.type === 'scheduled' ? 'schedule run' : `${report.type} backup`;
  switch (report.outcome) {
    case 'failed':
      return `${what} FAILED: ${report.error?.message ?? `exit code ${String(report.exitCode)}`}`;
    case 'incomplete':
      return `${what} INCOMPLETE: ${plural(report.skipped.length, 'file')} not in the archive`;
    case 'done':
      return report.warnings.length > 0
        ? `${what} done with ${plural(report.warnings.length, 'warning')}`
        : `${what} done`;
  }
}
