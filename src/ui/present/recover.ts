import { hidesNames } from '../../archive/salvage/missing.js';
import type { Losses } from '../../recover/cost.js';
import type { RecoverReport } from '../../recover/request.js';
import type { RollbackPlan } from '../../recover/rollback.js';
import type { TakenBack } from '../../recover/take-back.js';
import type { KeptState } from '../../server/kept-states.js';
import { describeKept } from '../../server/kept-words.js';
import { systemClock } from '../../platform/clock.js';
import { formatMinute, formatUtcSecond } from '../../platform/dates.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../../platform/units.js';

import { document } from '../document.js';
import { formatLost } from './lost.js';
import { accountLines, adaptedLines, missingLines } from './recover-fit.js';

const LISTED_PATHS = 8;
/** Where an old state is kept, but for those that are kept as NAME.BAK. */
const STAGING_NAME = '.kms-backup-recover';

const LABEL_WIDTH = 10;

/** The plan of a recover, as it is shown before anything happens. */
export function formatRecoverPlan(
  report: RecoverReport,
  isVerbose = false,
): string {
  const taken = formatUtcSecond(report.takenAt);
  return [
    `Recover   ${plural(report.messages, 'message')}, ${plural(report.files, 'file')}, ${formatSize(report.bytes)}, as of ${taken} UTC`,
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
  ].join('\n');
}

/** The live files that a salvage will not replace. */
function formatStaying(missing: RecoverReport['lost']): string[] {
  if (missing.length === 0) return [];

  const fact = hidesNames(missing)
    ? 'every live file that does not come from the archive: it may be one of these'
    : 'what of these is live';

  return [`Stays     ${fact}`];
}

/** Lines below one label. */
function labelled(
  label: string,
  lines: readonly string[],
  width = LABEL_WIDTH,
): string[] {
  return lines.map(
    (line, index) => (index === 0 ? label : '').padEnd(width) + line,
  );
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

/** `3 messages, 1 other file`. */
function describeCounts(messages: number, files: number): string {
  const others = files - messages;
  const counts = [
    ...(messages > 0 ? [plural(messages, 'message')] : []),
    ...(others > 0 ? [plural(others, 'other file')] : []),
  ];

  return counts.length === 0 ? 'nothing' : counts.join(', ');
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

/** `1 other file, what cannot be looked at (2)`. */
function otherLosses({ files, unlisted }: Losses): string[] {
  return [
    ...(files > 0 ? [plural(files, 'other file')] : []),
    ...(unlisted > 0
      ? [`what is in ${formatCount(unlisted)} that cannot be looked at`]
      : []),
  ];
}

function describeMoves({ movesBack }: RecoverReport): string[] {
  return movesBack > 0
    ? [`${plural(movesBack, 'message')} back to where they were`]
    : [];
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
  if (report.additive) return [];
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

function shorten(lines: readonly string[]): string[] {
  const more = lines.length - LISTED_PATHS;

  return more > 0
    ? [...lines.slice(0, LISTED_PATHS), `… and ${formatCount(more)} more`]
    : [...lines];
}

/** Formats the result of a recover. */
export function formatRecoverDone(
  report: RecoverReport & { readonly missingList: string | null },
  isVerbose = false,
): string {
  const { additive } = report;
  const from = report.archives.join(' + ');

  const lines = additive
    ? [
        `Recovered  ${plural(additive.add, 'message')} added (${formatCount(additive.renamed)} under another name), ${formatCount(additive.skip)} identical skipped, from ${from}`,
      ]
    : [
        `Recovered  ${plural(report.messages, 'message')}, ${plural(report.files, 'file')}, ${formatSize(report.bytes)} from ${from}`,
      ];

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
      `Stays      ${plural(report.carried.length, 'live file')} that the archive could not bring`,
    );
  }

  const { missingList } = report;
  if (typeof missingList === 'string') lines.push(`List       ${missingList}`);

  if (report.keptOld.length > 0) {
    const kept = keptLines('the state before', report);
    lines.push(...labelled('Kept', kept, LABEL_WIDTH + 1));
  }

  if (report.offTimes.length > 0) {
    lines.push(`Times      ${formatOffTimes(report.offTimes)}`);
  }

  return [...lines, `Done  ${formatDuration(report.durationMs)}`].join('\n');
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
    names.length > LISTED_PATHS
      ? `, … and ${formatCount(names.length - LISTED_PATHS)} more`
      : '';

  const named = names
    .slice(0, LISTED_PATHS)
    .map((name) => JSON.stringify(name));

  return `the file system cannot keep ${names.length === 1 ? 'the time' : 'the times'} of ${named.join(', ')}${more}`;
}

/** Formats the state that a rollback has put back, or would put back. */
export function formatRollback(verb: string, plan: RollbackPlan): string {
  const { archive, startedAt, restores, takesBack } = plan;
  if (takesBack) return formatTakenBack(plan, takesBack);

  const more =
    restores.length > LISTED_PATHS
      ? `, … and ${formatCount(restores.length - LISTED_PATHS)} more`
      : '';

  const since = startedAt.slice(0, 19).replace('T', ' ');

  return [
    `Undo      the recover of ${archive}, begun ${since} UTC; what came in since then goes`,
    `${verb}  ${restores.slice(0, LISTED_PATHS).join(', ')}${more}`,
  ].join('\n');
}

/** Formats what an additive recover added and a rollback takes back. */
function formatTakenBack(
  { archive, startedAt }: RollbackPlan,
  { messages, files, others }: TakenBack,
): string {
  const since = startedAt.slice(0, 19).replace('T', ' ');

  const lines = [
    `Undo      the additive recover of ${archive}, begun ${since} UTC; other mail stays`,
    `Removes   ${describeCounts(messages, messages + files)} that it added`,
  ];

  if (others > 0) {
    lines.push(
      `Leaves    ${plural(others, 'added file')} that ${others === 1 ? 'is' : 'are'} not as added any more`,
    );
  }

  return lines.join('\n');
}

/** The same as a document. */
export function documentRollback(
  plan: RollbackPlan,
  end: { readonly isDryRun: boolean; readonly warnings: readonly string[] },
): object {
  const { isDryRun, warnings } = end;
  const restored = isDryRun ? [] : plan.restores;

  return document('rollback', { isDryRun, restored, ...plan, warnings });
}

/** Formats the kept states that are given up, or would be. */
export function formatForget(verb: string, kept: readonly KeptState[]): string {
  const now = systemClock();

  return kept
    .flatMap((state) => [
      `${verb.padEnd(9)} ${describeKept(state, now)}`,
      ...state.directories.map((directory) => `          ${directory}`),
    ])
    .join('\n');
}

/** The same as a document. */
export function documentForget(
  kept: readonly KeptState[],
  end: { readonly isDryRun: boolean; readonly warnings: readonly string[] },
): object {
  return document('forget', { ...end, kept });
}
