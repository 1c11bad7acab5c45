import type { DrillReport } from '../../drill/report.js';
import { ExitCode } from '../../errors.js';
import { formatWeekdayMoment } from '../../platform/dates.js';
import { plainText } from '../../platform/plain-text.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../../platform/units.js';
import { document } from '../document.js';
import { formatTable } from '../table.js';
import { paint } from '../tones.js';

const LISTED = 20;

/** What differs is damage, wherever it comes from. */
export function drillExitCode({ faults }: DrillReport): ExitCode {
  return faults.length === 0 ? ExitCode.done : ExitCode.damaged;
}

/** The result of a drill as a document. */
export function documentDrill(report: DrillReport): object {
  const { chance, estimate, keptIn, liveSame, ...rest } = report;

  return document('drill', {
    isSound: rest.faults.length === 0,
    ...rest,
    chance: chance ?? null,
    liveSame: liveSame ?? null,
    estimate: estimate ?? null,
    keptIn: keptIn ?? null,
  });
}

/** The result of a drill for people. */
export function formatDrill(report: DrillReport): string {
  const { archives, takenAt, keptIn } = report;
  const rows = [
    [drillVerdict(report), describeDrilled(report)],
    ['From', `${archives.join(' + ')}, ${formatWeekdayMoment(takenAt)}`],
    ['Recovered', describeRecovered(report)],
    ['Live', describeLive(report)],
    ['Opened', describeOpened(report)],
    ['Everything', describeEstimate(report)],
    ...(keptIn === undefined ? [] : [['Kept in', keptIn]]),
  ];

  return [...formatTable(rows), ...describeFaults(report)].join('\n');
}

function drillVerdict({ faults }: DrillReport): string {
  return faults.length === 0 ? paint('fine', 'ok') : paint('damage', 'DAMAGED');
}

function describeOpened({ opened, unopened }: DrillReport): string {
  const messages = plural(opened, 'message');
  if (unopened.length === 0) return messages;

  const rest = formatCount(unopened.length);

  return `${messages}, ${rest} did not open`;
}

/** `alice@example.com, by chance among 52 mailboxes (--seed 7 chooses it again)`. */
function describeDrilled({ drilled, isWhole, chance }: DrillReport): string {
  if (isWhole) return 'everything of the newest backup was recovered';

  const names = drilled.slice(0, LISTED).map((name) => plainText(name));
  const more = drilled.length - names.length;
  const rest = more > 0 ? ` and ${formatCount(more)} more` : '';
  const list = names.join(', ') + rest;
  if (!chance) return list;

  const mailboxes = plural(chance.among, 'mailbox', 'mailboxes');
  const again = `--seed ${String(chance.seed)}`;

  return `${list}, by chance among ${mailboxes} (again with ${again})`;
}

function describeRecovered({ recovered, faults }: DrillReport): string {
  const { messages, files, bytes, durationMs } = recovered;
  const what = [
    plural(messages, 'message'),
    plural(files, 'file'),
    formatSize(bytes),
  ];
  const took = formatDuration(durationMs);
  const amount = `${what.join(', ')} in ${took}`;

  return faults.length === 0
    ? `${amount}, all as archived: counts and checksums`
    : amount;
}

function describeLive({ liveSame, liveChanged }: DrillReport): string {
  if (liveSame === undefined) return 'not compared: no mail server is here';

  return `${plural(liveSame, 'file')} the same, ${formatCount(liveChanged)} changed or gone since`;
}

/** `a recover takes about 38 min (from 1.2 of 44.0 GiB)`. */
function describeEstimate({ estimate, recovered, whole }: DrillReport): string {
  if (!estimate) return 'nothing was recovered that tells how long it takes';

  const duration = describeDuration(estimate.durationMs);
  if (estimate.basis === 'measured') {
    return `a recover of everything took ${duration} here (${formatSize(whole.bytes)})`;
  }

  const basis = `${formatSize(recovered.bytes)} of ${formatSize(whole.bytes)}`;

  return estimate.basis === 'sample'
    ? `a recover of everything takes about ${duration}, going by ${basis}`
    : `a recover of everything takes at most about ${duration}; ${basis} is too little to tell well`;
}

/** `38 min`, `2 h 5 min`, `4 s`. */
function describeDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return `${String(Math.max(1, Math.ceil(ms / 1000)))} s`;
  if (minutes < 60) return `${String(minutes)} min`;

  return `${formatCount(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

function describeFaults({ faults, unopened }: DrillReport): string[] {
  const lines = [
    ...faults.map(({ name, reason }) => `${JSON.stringify(name)}: ${reason}`),
    ...unopened.map(
      ({ path, reason }) =>
        `${JSON.stringify(path)}: ${reason}; it is as it was backed up`,
    ),
  ];
  const more = lines.length - LISTED;

  const shown = lines.slice(0, LISTED).map((line) => `  ${line}`);
  if (more > 0) {
    const rest = formatCount(more);

    shown.push(`  … and ${rest} more; --json lists all`);
  }

  return shown;
}
