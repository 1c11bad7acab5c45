import { hidesNames } from '../../archive/salvage/missing.js';
import type { AdditiveCounts } from '../../recover/additive.js';
import type { RecoverReport } from '../../recover/request.js';
import { formatMinute, formatMoment } from '../../platform/dates.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../../platform/units.js';

import { paint, type Tone } from '../tones.js';
import { formatLost } from './lost.js';
import {
  describeCounts,
  describeMoves,
  LABEL_WIDTH,
  labelled,
  otherLosses,
  shorten,
} from './recover-cost.js';
import { accountLines, adaptedLines, missingLines } from './recover-fit.js';

const LISTED_NAMES = 8;
/** Where an old state is kept, but for those that are kept as NAME.BAK. */
const STAGING_NAME = '.kms-backup-recover';

/** The lines of a plan that somebody in a hurry must see. */
const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/^(?:Loses {5}(?!nothing)|Missing|Lost)/, 'damage'],
  [/^Keeps {5}(?:nothing of|no )|^(?:Note|Stays)/, 'warning'],
];

/**
 * The plan of a recover, as it is shown before anything happens.
 * @param stream where it is shown
 */
export function formatRecoverPlan(
  report: RecoverReport,
  isVerbose = false,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return planLines(report, isVerbose)
    .map((line) => {
      const tone = TONES.find(([pattern]) => pattern.test(line))?.[1];

      return paint(tone, line, stream);
    })
    .join('\n');
}

function planLines(report: RecoverReport, isVerbose: boolean): string[] {
  const taken = formatMoment(report.takenAt);
  return [
    `Recover   ${plural(report.messages, 'message')}, ${plural(report.files, 'file')}, ${formatSize(report.bytes)}, as of ${taken}`,
    `From      ${report.archives.join(' + ')}`,
    ...labelled('To', formatPlaces(report)),
    ...formatEffect(report),
    ...formatKeeping(report),
    ...adaptedLines('Adapts    ', report),
    ...labelled('Space', formatSpace(report)),
    ...missingLines('Missing   ', report),
    ...formatLost(report.lost, { isVerbose }),
    ...formatStaying(report.lost),
    ...accountLines('Note      ', report),
    ...report.warnings.map((warning) => `Note      ${warning}`),
  ];
}

/** The live files that a salvage will not replace. */
function formatStaying(missing: RecoverReport['lost']): string[] {
  if (missing.length === 0) return [];

  const fact = hidesNames(missing)
    ? 'every live file that does not come from the archive: it may be one of these'
    : 'what of these is live';

  return [`Stays     ${fact}`];
}

function formatPlaces({ places }: RecoverReport): string[] {
  return places.map(({ directory, holds }) =>
    places.length === 1 ? directory : `${directory} (${holds})`,
  );
}

function formatEffect(report: RecoverReport): string[] {
  const { additive, parts, adds, overwrites } = report;
  if (additive) {
    return [
      `Will      add ${formatCount(additive.add)}, skip ${formatCount(additive.skip)} identical, overwrite 0, delete 0`,
      ...labelled('Index', indexFacts(additive)),
    ];
  }

  return [
    ...labelled('Replaces', shorten(parts)),
    ...formatLosses(report),
    ...labelled('Moves', describeMoves(report)),
    `Adds      ${describeCounts(report.addedMessages, adds)}`,
    `Changes   ${describeCounts(report.overwrittenMessages, overwrites)}`,
  ];
}

/** Whether read marks stay, and who shows what was added. */
function indexFacts({ add, reindexed }: AdditiveCounts): string[] {
  if (reindexed > 0) {
    const folders = plural(reindexed, 'folder');
    return [`set aside in ${folders}: all messages there are unread`];
  }

  return add > 0
    ? ['stays, with all read marks; a server before 7.3 needs --reindex']
    : [];
}

/** The line that somebody in a hurry must see. */
function formatLosses({ loses }: RecoverReport): string[] {
  const { messages, newest, names } = loses;
  const came = newest
    ? ` that came in since (newest ${formatMinute(newest)})`
    : '';
  const lost = [
    ...(messages > 0 ? [plural(messages, 'message') + came] : []),
    ...otherLosses(loses),
  ];

  return labelled('Loses', [lost.join(', ') || 'nothing', ...names]);
}

/** Of several disks each is named. */
function formatSpace({
  disks,
  neededBytes,
  freeBytes,
}: RecoverReport): string[] {
  if (disks.length < 2) {
    return [`${formatSize(neededBytes)} needed, ${formatSize(freeBytes)} free`];
  }

  return disks.map(
    (disk) =>
      `${formatSize(disk.neededBytes)} needed, ${formatSize(disk.freeBytes)} free at ${disk.directory}`,
  );
}

function formatKeeping(report: RecoverReport): string[] {
  if (report.additive) return formatNoting(report);
  if (!report.keepsOld) {
    return ['Keeps     nothing of what it replaces: there is no way back'];
  }

  if (report.keepsIn.length === 0) {
    return [
      'Keeps     nothing, as nothing is there: recover --rollback removes what comes',
    ];
  }

  return labelled('Keeps', keptLines('what it replaces', report));
}

/** What is added replaces nothing: only its names are kept. */
function formatNoting({ keepsOld }: RecoverReport): string[] {
  return keepsOld
    ? ['Keeps     the names of what it adds, for recover --rollback']
    : ['Keeps     no names of what it adds: recover --rollback cannot undo it'];
}

/** `what it replaces, 41.2 MiB, for recover --rollback, in`, and the directories. */
function keptLines(
  what: string,
  { oldBytes, keepsIn }: RecoverReport,
): string[] {
  const isBeside = keepsIn.some((path) => !path.includes(STAGING_NAME));
  const way = isBeside ? 'as NAME.BAK in' : 'in';

  return [
    `${what}, ${formatSize(oldBytes)}, for recover --rollback, ${way}`,
    ...shorten(keepsIn),
  ];
}

/** Formats the result of a recover. */
export function formatRecoverDone(
  report: RecoverReport & { readonly missingList: string | null },
  isVerbose = false,
): string {
  const { additive } = report;
  const lines = [formatBrought(report)];

  lines.push(
    ...labelled('Index', additive ? indexFacts(additive) : [], LABEL_WIDTH + 1),
  );
  if (report.finished !== null) lines.unshift(`Before     ${report.finished}`);
  else if (!additive) lines.push(...formatDone(report));
  lines.push('Verified   every byte before the first was put in place');

  lines.push(
    ...adaptedLines('Adapted    ', report),
    ...missingLines('Missing    ', report),
    ...accountLines('Note       ', report),
  );
  lines.push(...formatLost(report.lost, { isVerbose, indent: 11 }));

  if (report.carried.length > 0) {
    lines.push(
      `Stays      ${plural(report.carried.length, 'live file')} that the archive does not bring`,
    );
  }

  const { missingList } = report;
  if (typeof missingList === 'string') lines.push(`List       ${missingList}`);

  lines.push(...formatKept(report));

  if (report.offTimes.length > 0) {
    lines.push(`Times      ${formatOffTimes(report.offTimes)}`);
  }

  return [...lines, `Done  ${formatDuration(report.durationMs)}`].join('\n');
}

function formatBrought(report: RecoverReport): string {
  const { additive, messages, files, bytes } = report;
  const from = report.archives.join(' + ');

  return additive
    ? `Recovered  ${plural(additive.add, 'message')} added (${formatCount(additive.renamed)} under another name), ${formatCount(additive.skip)} identical skipped, from ${from}`
    : `Recovered  ${plural(messages, 'message')}, ${plural(files, 'file')}, ${formatSize(bytes)} from ${from}`;
}

/** What a rollback needs. */
function formatKept(report: RecoverReport): string[] {
  const { additive, keptOld, keepsOld } = report;
  if (additive) {
    return additive.add > 0 && keepsOld
      ? ['Kept       the names of what was added, for recover --rollback']
      : [];
  }

  return keptOld.length > 0
    ? labelled('Kept', keptLines('the state before', report), LABEL_WIDTH + 1)
    : [];
}

/** The cost of what was done, as the plan told it. */
function formatDone(report: RecoverReport): string[] {
  const { loses, addedMessages, adds, overwrittenMessages, overwrites } =
    report;
  const lost = [
    ...(loses.messages > 0 ? [plural(loses.messages, 'message')] : []),
    ...otherLosses(loses),
  ];
  const isKept = report.keptOld.length > 0 && lost.length > 0;
  const kept = isKept ? ', kept for recover --rollback' : '';
  const toLine = (label: string, text: string): string =>
    `${label.padEnd(LABEL_WIDTH)} ${text}`;

  return [
    toLine('Lost', (lost.join(', ') || 'nothing') + kept),
    ...describeMoves(report).map((text) => toLine('Moved', text)),
    toLine('Added', describeCounts(addedMessages, adds)),
    toLine('Changed', describeCounts(overwrittenMessages, overwrites)),
  ];
}

function formatOffTimes(names: readonly string[]): string {
  const more =
    names.length > LISTED_NAMES
      ? `, … and ${formatCount(names.length - LISTED_NAMES)} more`
      : '';

  const named = names
    .slice(0, LISTED_NAMES)
    .map((name) => JSON.stringify(name));

  return `the file system cannot keep ${names.length === 1 ? 'the time' : 'the times'} of ${named.join(', ')}${more}`;
}
