import { join } from 'node:path';
import { ExitCode, LockedError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { acquireLock, type LockSighting, sightLock } from '../platform/lock.js';
import { runToEnd } from '../platform/run-program.js';
import type { Installation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { type DuePlan, planDue } from './plan-due.js';
import {
  type OwnTaskOptions,
  type OwnTaskRun,
  runOwnTasks,
} from './run-own-tasks.js';
import {
  readScheduleState,
  type ScheduleState,
  writeScheduleState,
} from './state.js';

export interface ScheduleRunOptions extends OwnTaskOptions {
  /** Flags for the backup command. */
  readonly backupFlags: readonly string[];
  /** When the newest archive was taken: the starting point where no state is kept yet. */
  readonly newestArchiveAt: Date | undefined;
  /** Although the Backup tab's switch is off. */
  readonly isEvenIfDisabled: boolean;
  /** Somebody else backs up: only the tasks of kms-backup.ini are worked through. */
  readonly isTasksOnly?: boolean;
}

/** The report of a call of `schedule run`. */
export interface ScheduleRunReport {
  readonly action:
    | 'backed-up'
    | 'would-back-up'
    | 'nothing-due'
    | 'busy'
    | 'disabled'
    | 'tasks-only'
    | 'given-up';
  /** For people: why. */
  readonly reason: string;
  readonly due: DuePlan | undefined;
  /** The backup's exit code where one ran. */
  readonly exitCode: number;
  /** The output of the backup. */
  readonly output: string;
  /** The tasks of kms-backup.ini that were due. */
  readonly ownTasks: readonly OwnTaskRun[];
  readonly warnings: readonly string[];
}

/** A backup that dies three times for the same moment will die a fourth time: the next moment gets a new chance. */
const MAX_ATTEMPTS = 3;

/**
 * Does what the schedule in mailserver.cfg made due since the last call: one backup, or nothing; then what of kms-backup.ini's tasks
 * is due, one after the other. These do not need the Backup tab's switch.
 * Safe to call every minute: a call while another one works does nothing. An abort leaves the state as it was, so the
 * next call does the backup again.
 * @throws {ConfigurationError} when mailserver.cfg is wrong
 * @throws {FailedError} when the backup cannot be started
 */
export async function runSchedule(
  installation: Installation,
  options: ScheduleRunOptions,
): Promise<ScheduleRunReport> {
  const noBackup = whyNoBackup(installation, options);
  if (noBackup && options.ownTasks.length === 0) return noBackup;

  const lockOptions = {
    what: 'the schedule',
    command: 'schedule run',
    clock: options.clock,
  };

  try {
    const lock = await acquireLock({
      path: lockPath(installation),
      ...lockOptions,
    });

    try {
      const backUp = (): Promise<ScheduleRunReport> =>
        noBackup ? Promise.resolve(noBackup) : runDue(installation, options);

      return await runAll(installation, options, backUp);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof LockedError) {
      return idle('busy', `${error.message}; nothing was done`);
    }

    throw error;
  }
}

/** The report of a call that makes no backup, whatever is due; undefined where it may make one. */
function whyNoBackup(
  installation: Installation,
  { isTasksOnly = false, isEvenIfDisabled }: ScheduleRunOptions,
): ScheduleRunReport | undefined {
  if (isTasksOnly) {
    const reason = 'only the tasks of kms-backup.ini are worked through';

    return idle('tasks-only', reason);
  }

  if (isEvenIfDisabled || readSettings(installation).backupEnabled) {
    return undefined;
  }

  return idle(
    'disabled',
    'backup is disabled in mailserver.cfg (config set enabled=true)',
  );
}

/** A task that takes all night held up the backup of that night, whose calls found the schedule busy: it is made then. */
async function runAll(
  installation: Installation,
  options: ScheduleRunOptions,
  backUp: () => Promise<ScheduleRunReport>,
): Promise<ScheduleRunReport> {
  const first = await backUp();
  const ownTasks = await runOwnTasks(installation, options);
  const hasRun = ownTasks.some(({ action }) => action === 'ran');
  const late = hasRun ? await backUp() : first;
  const report = late.action === 'backed-up' ? late : first;
  const codes = [first, late, ...ownTasks].map(({ exitCode }) => exitCode);

  return {
    ...report,
    ownTasks,
    exitCode: codes.find((code) => code !== ExitCode.done) ?? ExitCode.done,
  };
}

/** The call of `schedule run` that is at work; undefined where there is none. */
export function findScheduleRun(
  installation: Installation,
): LockSighting | undefined {
  return sightLock(lockPath(installation), systemClock);
}

function lockPath({ dir }: Installation): string {
  return join(dir, '.kms-backup-schedule.lock');
}

async function runDue(
  installation: Installation,
  options: ScheduleRunOptions,
): Promise<ScheduleRunReport> {
  const now = options.clock();
  const { schedule } = readSettings(installation);
  const { state, warnings } = readState(installation);
  const since = state.handledUntil ?? options.newestArchiveAt;
  const due = planDue(schedule, since, now);

  if (due.isFromFuture) {
    warnings.push(
      `the clock was set back: the last run was at ${since?.toISOString() ?? ''}.`,
    );
  }

  if (schedule.length === 0) {
    warnings.push('the schedule is empty: nothing will ever be due.');
  }

  const { type } = due;
  if (type === undefined) {
    return {
      ...idle('nothing-due', 'nothing fell due since the last run'),
      due,
      warnings,
    };
  }

  if (options.isDryRun) {
    return {
      ...idle('would-back-up', `a ${type} backup is due`),
      due,
      warnings,
    };
  }

  await options.onDue?.();

  return {
    ...(await attempt(installation, options, { state, due, type, now })),
    warnings,
  };
}

/** The kept state; a damaged one counts as none, with a warning. */
function readState(installation: Installation): {
  readonly state: ScheduleState;
  readonly warnings: string[];
} {
  const stored = readScheduleState(installation);

  if (stored === 'damaged') {
    const warning = 'kms-backup-schedule.json is damaged and was begun anew.';
    return { state: {}, warnings: [warning] };
  }

  return { state: stored ?? {}, warnings: [] };
}

interface Attempt {
  readonly state: ScheduleState;
  readonly due: DuePlan;
  readonly type: 'full' | 'differential';
  readonly now: Date;
}

async function attempt(
  installation: Installation,
  options: ScheduleRunOptions,
  { state, due, type, now }: Attempt,
): Promise<Omit<ScheduleRunReport, 'warnings'>> {
  const dueAt = due.moments.at(-1)?.at ?? now;
  const { handledUntil, lastRun } = state;
  const count = countAttempts(state, dueAt);

  if (count > MAX_ATTEMPTS) {
    writeScheduleState(installation, { handledUntil: now, lastRun });

    const reason = `the ${type} backup was started ${MAX_ATTEMPTS} times and never ended; waiting for the next task`;

    return { ...idle('given-up', reason), due, exitCode: ExitCode.failed };
  }

  writeScheduleState(installation, { ...state, attempt: { dueAt, count } });

  const { exitCode, stdout } = await callBackup(installation, options, type);

  // Killed, or held up by another run: it stays due, and the next call tries again.
  if (exitCode === ExitCode.locked) {
    writeScheduleState(installation, { handledUntil, lastRun });
  } else if (exitCode !== -1) {
    const endedAt = options.clock();

    writeScheduleState(installation, {
      handledUntil: now,
      lastRun: { type, startedAt: now, endedAt, exitCode },
    });
  }

  return {
    action: 'backed-up',
    reason: `a ${type} backup was due`,
    due,
    exitCode: exitCode === -1 ? ExitCode.failed : exitCode,
    output: stdout,
    ownTasks: [],
  };
}

/** The number of this attempt, from 1 on. */
function countAttempts({ attempt }: ScheduleState, dueAt: Date): number {
  return attempt?.dueAt.getTime() === dueAt.getTime() ? attempt.count + 1 : 1;
}

/** Runs `backup full` or `backup diff` to its end. @returns -1 as its exit code where it was killed */
async function callBackup(
  { dir }: Installation,
  { program, backupFlags, signal }: ScheduleRunOptions,
  type: Attempt['type'],
): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  const verb = type === 'full' ? 'full' : 'diff';
  const words = ['backup', verb, '--server-dir', dir, ...backupFlags];
  const ended = await runToEnd([...program, ...words], { signal });

  signal?.throwIfAborted();

  return ended;
}

function idle(
  action: ScheduleRunReport['action'],
  reason: string,
): ScheduleRunReport {
  return {
    action,
    reason,
    due: undefined,
    exitCode: ExitCode.done,
    output: '',
    ownTasks: [],
    warnings: [],
  };
}
