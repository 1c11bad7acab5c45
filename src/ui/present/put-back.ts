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
  const { added, addedBytes, skipped, leftOut, reconnects, isDryRun } = report;

  return [
    `${isDryRun ? 'Would add ' : 'Added     '}${plural(added, 'message')}, ${formatSize(addedBytes)}; skip${isDryRun ? '' : 'ped'} ${formatCount(skipped)} that are there`,
    `To        ${accountOf(planned)}`,
    ...labelled('Folder', folderLines(report)),
    ...labelled('Refused', refusedLines(report.refused, isVerbose)),
    ...labelled('Left out', leftOutLines(leftOut, source.hiddenItems)),
    ...formatLost(source.lost, { isVerbose }),
    ...labelled('Note', reconnectLines(reconnects)),
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
  return folders.map(({ to, isNew, added, skipped }) => {
    const counts = `${formatCount(added)} added, ${formatCount(skipped)} there`;

    return `${to}  ${counts}${isNew ? ', new' : ''}`;
  });
}

function refusedLines(
  refused: readonly RefusedMessage[],
  isVerbose: boolean,
): string[] {
  const shown = isVerbose ? refused : refused.slice(0, LISTED);
  const rest = refused.length - shown.length;

  return [
    ...shown.map(({ name, reason }) => `${name}: ${reason}`),
    ...(rest > 0 ? [`and ${formatCount(rest)} more`] : []),
  ];
}

function leftOutLines(items: number, hiddenItems: number): string[] {
  return [
    ...(items > 0
      ? [`${plural(items, 'entry', 'entries')} of calendars and address books`]
      : []),
    ...(hiddenItems > 0
      ? [`${plural(hiddenItems, 'hidden item')} of Outlook (#assoc)`]
      : []),
  ];
}

function reconnectLines(reconnects: number): string[] {
  return reconnects > 0
    ? [
        `the connection broke off ${plural(reconnects, 'time')} and was made again`,
      ]
    : [];
}
