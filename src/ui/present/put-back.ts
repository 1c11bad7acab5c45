import type { PlannedPutBack } from '../../jobs/put-back-mail.js';
import { formatMoment } from '../../platform/dates.js';
import { formatCount, formatSize, plural } from '../../platform/units.js';
import type { PutReport, RefusedMessage } from '../../put-back/request.js';
import { document } from '../document.js';
import { formatLost } from './lost.js';
import { labelled } from './recover-cost.js';

const LISTED = 8;

/** What is going to happen, once somebody is logged in. */
export function formatPutPlan(planned: PlannedPutBack): string {
  const { source, target, mailbox } = planned;
  const { facts } = source.chain.point;

  return [
    `Recover   ${plural(source.counts.messages, 'message')} of ${mailbox}, as of ${formatMoment(facts.files.takenAt)}`,
    `From      ${archivesOf(planned).join(' + ')}`,
    `To        ${accountOf(planned)}, folder ${target.into}`,
    'Will      add what is not there by Message-ID and size; overwrite 0, delete 0',
    ...formatLost(source.lost),
  ].join('\n');
}

/** What happened, or with a dry run would. */
export function formatPutBack(
  report: PutReport,
  planned: PlannedPutBack,
  isVerbose: boolean,
): string {
  const { source } = planned;
  const { added, addedBytes, skipped, leftOut, isDryRun } = report;

  const label = isDryRun ? 'Would add ' : 'Added     ';
  const skip = isDryRun ? 'skip' : 'skipped';
  const messages = plural(added, 'message');
  const size = formatSize(addedBytes);
  const there = formatCount(skipped);

  return [
    `${label}${messages}, ${size}; ${skip} ${there} that are there`,
    `To        ${accountOf(planned)}`,
    ...labelled('Folder', folderLines(report)),
    ...labelled('Refused', refusedLines(report.refused, isVerbose)),
    ...labelled('Left out', leftOutLines(leftOut, source.hiddenItems)),
    ...formatLost(source.lost, { isVerbose }),
    ...labelled('Note', noteLines(report)),
    ...(isDryRun ? ['Nothing was changed.'] : []),
  ].join('\n');
}

/** The same as a document. */
export function documentPutBack(
  report: PutReport,
  planned: PlannedPutBack,
): object {
  const { source, account, mailbox } = planned;
  const { host, port, user } = account;
  const { takenAt } = source.chain.point.facts.files;

  return document('put-back', {
    archives: archivesOf(planned),
    takenAt,
    mailbox,
    server: { host, port },
    user,
    ...report,
    lost: source.lost,
    warnings: source.notes,
  });
}

function archivesOf({ source }: PlannedPutBack): string[] {
  const { facts, base } = source.chain.point;
  const all = [...(base ? [base] : []), facts];

  return all.map(({ files }) => `${files.stem}.zip`);
}

function accountOf({ account }: PlannedPutBack): string {
  return `${account.user} at ${account.host}:${String(account.port)}`;
}

function folderLines({ folders }: PutReport): string[] {
  return folders.map(({ from, to, isNew, isRenamed, added, skipped }) => {
    const counts = `${formatCount(added)} added, ${formatCount(skipped)} there`;
    const other = isRenamed ? `, stands for ${from}` : '';

    return `${to}  ${counts}${isNew ? ', new' : ''}${other}`;
  });
}

function refusedLines(
  refused: readonly RefusedMessage[],
  isVerbose: boolean,
): string[] {
  const shown = isVerbose ? refused : refused.slice(0, LISTED);
  const rest = refused.length - shown.length;

  const lines = shown.map(({ name, reason }) => `${name}: ${reason}`);
  if (rest > 0) lines.push(`and ${formatCount(rest)} more`);

  return lines;
}

function leftOutLines(items: number, hiddenItems: number): string[] {
  const lines: string[] = [];

  if (items > 0) {
    const entries = plural(items, 'entry', 'entries');

    lines.push(`${entries} of calendars and address books`);
  }

  if (hiddenItems > 0) {
    const hidden = plural(hiddenItems, 'hidden item');

    lines.push(`${hidden} of Outlook (#assoc)`);
  }

  return lines;
}

function noteLines({ reconnects, redated }: PutReport): string[] {
  const lines: string[] = [];

  if (reconnects > 0) {
    const times = plural(reconnects, 'time');

    lines.push(`the connection broke off ${times} and was made again`);
  }

  if (redated > 0) {
    const messages = plural(redated, 'message');

    lines.push(
      `${messages} had a date that no server keeps: now that of the Date header, else today's`,
    );
  }

  return lines;
}
