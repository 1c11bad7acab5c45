/** What a history says about the backups of one place. Pure. */
import type { HistoryRun } from './history-run.js';

/** The last backups, as one reads them in the morning. */
export interface BackupRuns {
  /** The last one that ended. */
  readonly last: HistoryRun | undefined;
  /** The last one that published an archive. */
  readonly lastGood: HistoryRun | undefined;
  /** Where the last one failed, and those before it: since when, and in how many nights. */
  readonly failing:
    { readonly since: Date; readonly nights: number } | undefined;
  /** The one at work. */
  readonly running: HistoryRun | undefined;
}

const FAILED_STATES: ReadonlySet<HistoryRun['state']> = new Set([
  ...(['failed', 'damaged'] as const),
  ...(['interrupted', 'died'] as const),
]);

/** A run that left no archive behind, or none that can be believed. */
export function hasFailed({ state }: HistoryRun): boolean {
  return FAILED_STATES.has(state);
}

/**
 * Says whether a command line was wrong and a person saw that: it says nothing about backups. A file of settings that is
 * wrong is another matter, whoever sees it, and so is an entry of a scheduler.
 */
export function isMistyped({ isAtTerminal, error }: HistoryRun): boolean {
  return isAtTerminal && error?.code === 'USAGE';
}

/**
 * The backups into one place. A run that failed before it knew its place counts as one into each.
 * @param place undefined: into any
 */
export function findBackupRuns(
  runs: readonly HistoryRun[],
  place?: string,
): BackupRuns {
  const backups = runs.filter(
    (run) =>
      isBackup(run, runs) &&
      (run.place === undefined || place === undefined || run.place === place),
  );

  const ended = backups.filter(({ state }) => state !== 'running');
  // A run that the `before` hook left out says nothing about backups.
  const told = ended.filter(({ facts }) => facts.isSkipped !== true);

  return {
    last: told.at(-1),
    lastGood: told.findLast((run) => !hasFailed(run)),
    failing: findFailing(told),
    running: backups.findLast(({ state }) => state === 'running'),
  };
}

/**
 * The backup directory or bucket as far as the history knows it: that of the last backup; of another run where none was made here.
 * A recover reads archives from anywhere.
 */
export function lastPlaceOf(runs: readonly HistoryRun[]): string | undefined {
  const placed = runs.filter(
    ({ place, command }) => place !== undefined && command !== 'recover',
  );
  const last = placed.findLast((run) => isBackup(run, runs)) ?? placed.at(-1);

  return last?.place;
}

function findFailing(told: readonly HistoryRun[]): BackupRuns['failing'] {
  const lastGood = told.findLastIndex((run) => !hasFailed(run));
  const failed = told.slice(lastGood + 1);
  const [first] = failed;
  if (!first) return undefined;

  const days = new Set(failed.map(({ startedAt }) => startedAt.toDateString()));

  return {
    since: first.startedAt,
    nights: days.size,
  };
}

/** `schedule run` is one where it failed before it could call the backup, which is a run of its own. */
function isBackup(run: HistoryRun, runs: readonly HistoryRun[]): boolean {
  if (run.command.startsWith('backup ')) return true;
  if (run.command !== 'schedule run' || !hasFailed(run)) return false;

  return !runs.some((other) => isWithin(other, run));
}

function isWithin(inner: HistoryRun, outer: HistoryRun): boolean {
  const end = outer.endedAt?.getTime() ?? Infinity;

  return (
    inner !== outer &&
    inner.command !== 'schedule run' &&
    inner.startedAt >= outer.startedAt &&
    inner.startedAt.getTime() <= end
  );
}
