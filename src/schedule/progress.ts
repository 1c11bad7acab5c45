import { KmsError } from '../errors.js';
import { formatWeekdayMoment } from '../platform/dates.js';
import { formatAge, plural } from '../platform/units.js';
import type { Installation } from '../server/installation.js';
import type { ScheduleTask } from '../server/schedule-tasks.js';
import type { ServerSettings } from '../server/settings.js';
import { planNext, type TaskMoment } from './plan-due.js';
import { findScheduleRun } from './run.js';
import { type LastRun, readScheduleState } from './state.js';

/** A fault of the schedule, and how bad it is. */
interface ScheduleFault {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
}

interface ScheduledServer {
  readonly installation: Installation;
  readonly settings: ServerSettings;
}

/** Says whether anybody works through the schedule, and names its faults. */
export interface ScheduleProgress {
  readonly isWorkedThrough: boolean;
  /** The last backup that `schedule run` made; undefined where the server works through the schedule, or nobody has. */
  readonly lastRun: LastRun | undefined;
  /** How many tasks fell due and were followed by nothing. */
  readonly missed: number;
  readonly warnings: readonly ScheduleFault[];
}

/** An entry in the operating system's scheduler calls a second time an hour later; then it is time to ask. */
const GRACE_MS = 2 * 3_600_000;

/** An archive may be dated a little before the task was due: clocks of two machines, seconds of the server. */
const EARLY_MS = 10 * 60_000;
/** More tasks than fall due in a month. */
const MOST_MISSED = 200;

/**
 * Finds who works through the schedule: the server while backup is enabled; else `schedule run`, where its state shows that it has
 * before. Whoever it is: a task that fell due and was followed by no archive and no run is missed, but for what a call of
 * `schedule run` that is at work found due when it began.
 * @param evidence the last archive or run, whoever made it; undefined where there is none
 */
export function readProgress(
  server: ScheduledServer,
  now: Date,
  evidence: Date | undefined,
): ScheduleProgress {
  const tasks = server.settings.schedule.filter(({ isEnabled }) => isEnabled);
  const { isWorkedThrough, lastRun, since, fault } = findWorker(
    server,
    evidence,
  );

  if (!isWorkedThrough) {
    const warnings = [warning(fault)];

    return {
      isWorkedThrough,
      lastRun,
      missed: 0,
      warnings,
    };
  }

  const limit = new Date(now.getTime() - GRACE_MS);
  const atWork = findScheduleRun(server.installation);
  const begun = atWork?.since ?? since;
  const missed =
    since && begun
      ? missedMoments(tasks, since > begun ? since : begun, limit)
      : [];
  const by = atWork ? `still at work is ${atWork.fact}` : fault;

  return {
    isWorkedThrough,
    lastRun,
    missed: missed.length,
    warnings: [
      ...(tasks.length === 0
        ? [warning('no task of the schedule is enabled')]
        : []),
      ...describeMissed(missed, by, now),
    ],
  };
}

/** Who works through the schedule, until when it did, and what is wrong where it does no longer. */
interface Worker extends Omit<ScheduleProgress, 'warnings' | 'missed'> {
  readonly since: Date | undefined;
  readonly fault: string;
}

function findWorker(
  { installation, settings }: ScheduledServer,
  evidence: Date | undefined,
): Worker {
  if (settings.backupEnabled) {
    return {
      isWorkedThrough: true,
      lastRun: undefined,
      since: evidence,
      fault: 'neither the mail server nor anybody else made it',
    };
  }

  const state = lookAtState(installation);
  // There was one: somebody works through the schedule.
  const handledUntil = state === 'damaged' ? evidence : state?.handledUntil;
  if (handledUntil === undefined) {
    return {
      isWorkedThrough: false,
      lastRun: undefined,
      since: undefined,
      fault: 'backup is disabled in mailserver.cfg',
    };
  }

  const last = Math.max(handledUntil.getTime(), evidence?.getTime() ?? 0);

  return {
    isWorkedThrough: true,
    lastRun: state === 'damaged' ? undefined : state?.lastRun,
    since: new Date(last),
    fault: 'nothing calls schedule run',
  };
}

/** Of a state that cannot be read nothing is known; that it cannot be read is told elsewhere. */
function lookAtState(
  installation: Installation,
): ReturnType<typeof readScheduleState> {
  try {
    return readScheduleState(installation);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return 'damaged';
  }
}

/** All moments after `since`, but for what it may have made a little early, and not after `limit`. */
function missedMoments(
  tasks: readonly ScheduleTask[],
  since: Date,
  limit: Date,
): readonly TaskMoment[] {
  const after = new Date(since.getTime() + EARLY_MS);

  return planNext(tasks, after, MOST_MISSED).filter(({ at }) => at <= limit);
}

/** One missed task may be a machine that was off for a night; after two nobody can call that well. */
function describeMissed(
  missed: readonly TaskMoment[],
  by: string,
  now: Date,
): ScheduleFault[] {
  const [first] = missed;
  if (!first) return [];

  const { task, at } = first;
  const age = formatAge(now.getTime() - at.getTime());

  if (missed.length === 1) {
    return [
      warning(
        `the ${task.type} backup that was due ${age} ago was not made: ${by}`,
      ),
    ];
  }

  const many = missed.length >= MOST_MISSED ? 'at least ' : '';

  return [
    {
      severity: 'critical',
      text: `${many}${plural(missed.length, 'backup')} since ${formatWeekdayMoment(at)} were not made: ${by}`,
    },
  ];
}

function warning(text: string): ScheduleFault {
  return {
    severity: 'warning',
    text,
  };
}
