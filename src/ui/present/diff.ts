import type { DiffReport, ReportedMoment } from '../../jobs/diff.js';
import type { ListedMessage } from '../../jobs/diff-messages.js';
import type { FolderDiff, PartDiff } from '../../diff/request.js';
import { folderLabel } from '../../store/mail-names.js';
import { formatMinute, formatMoment } from '../../platform/dates.js';
import { plainText } from '../../platform/plain-text.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';
import { fitTable } from '../table.js';
import {
  type Counts,
  type MailboxDiff,
  toMailboxes,
} from './diff-mailboxes.js';

/** The report for people. @param columns of the terminal; undefined: as wide as it gets */
export function formatDiff(
  report: DiffReport,
  columns: number | undefined,
): string {
  const mailboxes = toMailboxes(report.folders);
  const folderLines = formatFolders(mailboxes, columns);
  const messageLines = formatMessages(report.messages ?? [], columns);

  return [
    `From      ${formatPlace(report.from)}`,
    `To        ${formatPlace(report.to)}`,
    ...blockOf(folderLines),
    ...blockOf(messageLines),
    '',
    ...formatTotals(report),
  ].join('\n');
}

function formatPlace({ archives, storeDir, takenAt }: ReportedMoment): string {
  const place =
    storeDir === undefined
      ? archives.join(' + ')
      : `the live store ${storeDir}`;

  return `${place}, ${formatMoment(takenAt)}`;
}

function blockOf(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

const FOLDER_HEADER = [
  'NEW',
  'CHANGED',
  'DELETED',
  'IN',
  'OUT',
  'SIZE',
  'MAILBOX, FOLDER',
];

function formatFolders(
  mailboxes: readonly MailboxDiff[],
  columns: number | undefined,
): string[] {
  if (mailboxes.length === 0) return [];

  const rows = mailboxes.flatMap(({ name, counts, folders }) => [
    toCells(counts, plainText(name)),
    ...folders.map((folder) => toCells(folder, `  ${nameFolder(folder)}`)),
  ]);

  return fitTable([FOLDER_HEADER, ...rows], [], columns);
}

function toCells(counts: Counts, name: string): string[] {
  return [
    countCell(counts.new),
    countCell(counts.changed),
    countCell(counts.deleted),
    countCell(counts.movedIn),
    countCell(counts.movedOut),
    formatChange(counts.bytes),
    name,
  ];
}

function countCell(count: number): string {
  return count === 0 ? '-' : formatCount(count);
}

/** `+1.2 MiB`, `-300 B`. */
function formatChange(bytes: number): string {
  if (bytes === 0) return '-';

  const sign = bytes > 0 ? '+' : '-';
  const size = formatSize(Math.abs(bytes));

  return sign + size;
}

function nameFolder({ folder, wasThere, isThere }: FolderDiff): string {
  const name = plainText(folderLabel(folder));
  if (!wasThere) return `${name} (new folder)`;

  return isThere ? name : `${name} (folder deleted)`;
}

const MESSAGE_HEADER = ['CHANGE', 'DATE', 'FROM', 'SUBJECT', 'SIZE', 'MESSAGE'];
/** Columns that a narrow terminal has below their row, in this order. */
const DISPENSABLE = ['SIZE', 'FROM', 'DATE'];

function formatMessages(
  messages: readonly ListedMessage[],
  columns: number | undefined,
): string[] {
  if (messages.length === 0) return [];

  const rows = messages.map(toMessageCells);

  return fitTable([MESSAGE_HEADER, ...rows], DISPENSABLE, columns);
}

function toMessageCells(message: ListedMessage): string[] {
  const { headers, nameBefore } = message;
  const date = headers?.date;
  const from = headers?.from ?? '-';
  const subject = headers?.subject ?? '-';

  const name = plainText(message.name);
  const origin =
    nameBefore === undefined ? '' : ` (was ${plainText(nameBefore)})`;

  return [
    message.change,
    date ? formatMinute(date) : '-',
    plainText(from),
    plainText(subject),
    formatSize(message.sizeBytes),
    name + origin,
  ];
}

function formatTotals({ totals, parts, notCompared }: DiffReport): string[] {
  const changes = [
    `${formatCount(totals.new)} new${bytesOf(totals.newBytes)}`,
    `${formatCount(totals.changed)} changed`,
    `${formatCount(totals.deleted)} deleted${bytesOf(totals.deletedBytes)}`,
    `${formatCount(totals.moved)} moved`,
  ];

  return [
    `Messages  ${changes.join(', ')}`,
    `Same      ${plural(totals.same, 'message')}`,
    ...parts.map(formatPart),
    ...formatNotCompared(notCompared),
  ];
}

function formatNotCompared(paths: DiffReport['notCompared']): string[] {
  const [first] = paths;
  if (!first) return [];

  const count = plural(paths.length, 'path');
  const name = plainText(first.name);

  return [`Not compared  ${count}, first ${name}: ${first.reason}`];
}

function bytesOf(bytes: number): string {
  return bytes === 0 ? '' : ` (${formatSize(bytes)})`;
}

/** `Other     lists: 2 files new, 1 deleted`; a configuration file is one. */
function formatPart({ part, ...counts }: PartDiff): string {
  const changes = [
    { count: counts.new, word: 'new' },
    { count: counts.changed, word: 'changed' },
    { count: counts.deleted, word: 'deleted' },
  ].filter(({ count }) => count > 0);

  if (part.endsWith('.cfg')) {
    const words = changes.map(({ word }) => word);
    return `Other     ${part} ${words.join(', ')}`;
  }

  const what = part === 'mail' ? 'files of folders (index.fld, …)' : part;
  const counted = changes.map(
    ({ count, word }) => `${formatCount(count)} ${word}`,
  );

  return `Other     ${plainText(what)}: ${counted.join(', ')}`;
}
