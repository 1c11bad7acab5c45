import { ExitCode } from '../../errors.js';
import type { DiffReport, ReportedMoment } from '../../jobs/diff.js';
import type { ListedMessage } from '../../jobs/diff-messages.js';
import type { FolderDiff, PartDiff } from '../../diff/request.js';
import { folderLabel } from '../../store/mail-names.js';
import { formatMinute, formatMoment } from '../../platform/dates.js';
import { plainText } from '../../platform/plain-text.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';
import { document } from '../document.js';
import { fitTable } from '../table.js';

/** Differences are what was asked for; what could not be looked at makes a partial answer of it. */
export function diffExitCode({ notCompared }: DiffReport): ExitCode {
  return notCompared.length > 0 ? ExitCode.incomplete : ExitCode.done;
}

/** The report as a document. */
export function documentDiff(report: DiffReport): object {
  const { totals, parts, messages, notCompared, warnings } = report;
  const { domain, user, folder } = report.scope ?? {};
  const scope = {
    domain: domain ?? null,
    user: user ?? null,
    folder: folder ?? null,
  };

  return document('diff', {
    from: documentMoment(report.from),
    to: documentMoment(report.to),
    scope: report.scope ? scope : null,
    totals,
    mailboxes: toMailboxes(report.folders).map(documentMailbox),
    messages: (messages ?? []).map(documentMessage),
    parts,
    notCompared: notCompared.map(({ name, reason }) => ({ name, reason })),
    warnings,
    exitCode: diffExitCode(report),
  });
}

function documentMoment({
  archives,
  storeDir,
  takenAt,
}: ReportedMoment): object {
  return { archives, store: storeDir ?? null, takenAt };
}

function documentMailbox({ name, counts, folders }: MailboxDiff): object {
  return {
    mailbox: name,
    ...counts,
    folders: folders.map(({ folder, wasThere, isThere, ...own }) => ({
      folder,
      wasThere,
      isThere,
      ...countsOf(own),
    })),
  };
}

function documentMessage(message: ListedMessage): object {
  const { change, name, nameBefore, sizeBytes, sizeBefore, headers } = message;

  return {
    change,
    name,
    nameBefore: nameBefore ?? null,
    sizeBytes,
    sizeBefore: sizeBefore ?? null,
    ...documentHeaders(headers),
  };
}

function documentHeaders(headers: ListedMessage['headers']): object {
  if (!headers) {
    return { date: null, from: null, subject: null, messageId: null };
  }

  const { date, from, subject, messageId } = headers;

  return { date: date ?? null, from, subject, messageId };
}

/** What differs in a mailbox. */
interface MailboxDiff {
  readonly name: string;
  readonly counts: Counts;
  /** Those that differ, by name. */
  readonly folders: readonly FolderDiff[];
}

type Counts = Pick<
  FolderDiff,
  'new' | 'changed' | 'deleted' | 'movedIn' | 'movedOut' | 'same' | 'bytes'
>;

function countsOf(counts: Counts): Counts {
  const { changed, deleted, movedIn, movedOut, same, bytes } = counts;

  return { new: counts.new, changed, deleted, movedIn, movedOut, same, bytes };
}

/** The mailboxes in which something differs, by name. */
function toMailboxes(folders: readonly FolderDiff[]): MailboxDiff[] {
  const names = [...new Set(folders.map(({ mailbox }) => mailbox))].sort();
  const byName = new Map(names.map((name) => [name, [] as FolderDiff[]]));
  for (const folder of folders) byName.get(folder.mailbox)?.push(folder);

  return names.flatMap((name) => {
    const own = byName.get(name) ?? [];
    const differing = own.filter(differs).sort(byFolder);
    if (differing.length === 0) return [];

    return [{ name, counts: sum(own), folders: differing }];
  });
}

function byFolder(a: FolderDiff, b: FolderDiff): number {
  return a.folder < b.folder ? -1 : 1;
}

function differs(folder: FolderDiff): boolean {
  const { changed, deleted, movedIn, movedOut, wasThere, isThere } = folder;
  const messages = folder.new + changed + deleted + movedIn + movedOut;

  return messages > 0 || wasThere !== isThere;
}

function sum(folders: readonly Counts[]): Counts {
  const total = (count: (folder: Counts) => number): number =>
    folders.reduce((before, folder) => before + count(folder), 0);

  return {
    new: total((folder) => folder.new),
    changed: total(({ changed }) => changed),
    deleted: total(({ deleted }) => deleted),
    movedIn: total(({ movedIn }) => movedIn),
    movedOut: total(({ movedOut }) => movedOut),
    same: total(({ same }) => same),
    bytes: total(({ bytes }) => bytes),
  };
}

/** The report for people. @param columns of the terminal; undefined: as wide as it gets */
export function formatDiff(
  report: DiffReport,
  columns: number | undefined,
): string {
  const { messages = [] } = report;

  return [
    `From      ${formatPlace(report.from)}`,
    `To        ${formatPlace(report.to)}`,
    ...blockOf(formatFolders(toMailboxes(report.folders), columns)),
    ...blockOf(formatMessages(messages, columns)),
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

  return fitTable([FOLDER_HEADER, ...rows], [], columns).lines;
}

function toCells(counts: Counts, name: string): string[] {
  const { changed, deleted, movedIn, movedOut, bytes } = counts;

  return [
    ...[counts.new, changed, deleted, movedIn, movedOut].map(countCell),
    formatChange(bytes),
    name,
  ];
}

function countCell(count: number): string {
  return count === 0 ? '-' : formatCount(count);
}

/** `+1.2 MiB`, `-300 B`. */
function formatChange(bytes: number): string {
  if (bytes === 0) return '-';

  return `${bytes > 0 ? '+' : '-'}${formatSize(Math.abs(bytes))}`;
}

function nameFolder({ folder, wasThere, isThere }: FolderDiff): string {
  const name = plainText(folderLabel(folder));
  if (!wasThere) return `${name} (new folder)`;

  return isThere ? name : `${name} (folder deleted)`;
}

const MESSAGE_HEADER = ['CHANGE', 'DATE', 'FROM', 'SUBJECT', 'SIZE', 'MESSAGE'];
/** Columns that a narrow terminal leaves out, in this order. */
const DISPENSABLE = ['SIZE', 'FROM', 'DATE'];

function formatMessages(
  messages: readonly ListedMessage[],
  columns: number | undefined,
): string[] {
  if (messages.length === 0) return [];

  const rows = messages.map((message) => {
    const { change, name, nameBefore, sizeBytes, headers } = message;
    const origin =
      nameBefore === undefined ? '' : ` (was ${plainText(nameBefore)})`;

    return [
      change,
      headers?.date ? formatMinute(headers.date) : '-',
      plainText(headers?.from ?? '-', 24),
      plainText(headers?.subject ?? '-', 32),
      formatSize(sizeBytes),
      plainText(name) + origin,
    ];
  });

  return fitTable([MESSAGE_HEADER, ...rows], DISPENSABLE, columns).lines;
}

function formatTotals({ totals, parts, notCompared }: DiffReport): string[] {
  const { changed, deleted, moved, same, newBytes, deletedBytes } = totals;
  const lines = [
    `Messages  ${formatCount(totals.new)} new${bytesOf(newBytes)}, ${formatCount(changed)} changed, ${formatCount(deleted)} deleted${bytesOf(deletedBytes)}, ${formatCount(moved)} moved`,
    `Same      ${plural(same, 'message')}`,
  ];

  const [first] = notCompared;

  lines.push(...parts.map(formatPart));

  if (first) {
    lines.push(
      `Not compared  ${plural(notCompared.length, 'path')}, first ${plainText(first.name)}: ${first.reason}`,
    );
  }

  return lines;
}

function bytesOf(bytes: number): string {
  return bytes === 0 ? '' : ` (${formatSize(bytes)})`;
}

/** `Other     lists: 2 files new, 1 deleted`; a configuration file is one. */
function formatPart({ part, changed, deleted, ...counts }: PartDiff): string {
  const changes = [
    [counts.new, 'new'],
    [changed, 'changed'],
    [deleted, 'deleted'],
  ] as const;
  const told = changes.filter(([count]) => count > 0);

  if (part.endsWith('.cfg')) {
    return `Other     ${part} ${told.map(([, change]) => change).join(', ')}`;
  }

  const what = part === 'mail' ? 'files of folders (index.fld, …)' : part;

  return `Other     ${plainText(what)}: ${told.map(([count, change]) => `${formatCount(count)} ${change}`).join(', ')}`;
}
