import { isMistyped } from '../../history/backup-runs.js';
import type { HistoryRun, RunNotes } from '../../history/history-run.js';
import { formatWeekdayMoment } from '../../platform/dates.js';
import {
  formatCount,
  formatDuration,
  formatSize,
  plural,
} from '../../platform/units.js';
import { document } from '../document.js';
import { fitTable } from '../table.js';
import { paint, type Tone } from '../tones.js';

const TITLES = [
  'STARTED',
  'COMMAND',
  'STATE',
  'EXIT',
  'TOOK',
  'MESSAGES',
  'SIZE',
  'WHAT',
];
/** The first that go below their row where a terminal has no room. */
const DISPENSABLE = ['SIZE', 'MESSAGES', 'TOOK', 'EXIT'];

export function documentHistory(
  file: string,
  runs: readonly HistoryRun[],
): object {
  return document('history', { file, runs });
}

/** A line for each run; what is wrong stands in words. */
export function formatHistory(
  runs: readonly HistoryRun[],
  columns: number | undefined,
): string {
  return fitTable([TITLES, ...runs.map(rowOf)], DISPENSABLE, columns).join(
    '\n',
  );
}

const TONES: Readonly<Partial<Record<HistoryRun['state'], Tone>>> = {
  failed: 'damage',
  damaged: 'damage',
  died: 'damage',
  incomplete: 'warning',
  interrupted: 'warning',
};

function rowOf(run: HistoryRun): string[] {
  const { startedAt, endedAt, command, state, exitCode, facts } = run;

  return [
    formatWeekdayMoment(startedAt),
    command,
    paint(TONES[state], state === 'failed' ? 'FAILED' : state),
    exitCode === undefined ? '-' : String(exitCode),
    endedAt ? formatDuration(endedAt.getTime() - startedAt.getTime()) : '-',
    facts.messages === undefined ? '-' : formatCount(facts.messages),
    facts.bytes === undefined ? '-' : formatSize(facts.bytes),
    whatOf(run),
  ];
}

/** What came of it, or why nothing did. */
function whatOf(run: HistoryRun): string {
  const { error, facts, state } = run;
  const mark = isMistyped(run) ? 'typed at a terminal: ' : '';

  if (error) return `${mark}${error.message.split('\n')[0] ?? ''}`;
  if (facts.isSkipped) return 'left out by the before hook';

  return state === 'died' ? 'began and never ended' : factsOf(facts);
}

function factsOf(facts: RunNotes): string {
  const { archive, from, leftOut = 0, warnings = 0, downMs } = facts;
  const parts = [
    actOf(facts),
    archive ?? from ?? '',
    ...countsOf(facts),
    leftOut > 0 ? `${formatCount(leftOut)} left out` : '',
    facts.isMassLoss ? 'far less mail than before' : '',
    warnings > 0 ? plural(warnings, 'warning') : '',
    downMs === undefined ? '' : `server down ${formatDuration(downMs)}`,
  ];

  return parts.filter((part) => part !== '').join(', ');
}

const ACTS: Readonly<Record<string, string>> = {
  imap: 'by IMAP',
  rollback: 'took a recover back',
  forget: 'removed what recovers kept',
};

/** A word that a later version writes says nothing here. */
function actOf({ act }: RunNotes): string {
  return act === undefined ? '' : (ACTS[act] ?? '');
}

/** One archive has its name, where it is known. */
function countsOf({ from, verified, copied, removed }: RunNotes): string[] {
  const isNamed = from !== undefined && verified === 1;
  const counts = [
    [isNamed ? undefined : verified, 'read'],
    [copied, 'copied'],
    [removed, 'removed'],
  ] as const;

  return counts.map(([count, word]) =>
    count === undefined ? '' : `${plural(count, 'archive')} ${word}`,
  );
}
