import { ConfigurationError, UsageError } from '../errors.js';
import type { ScheduleTask } from '../server/schedule-tasks.js';
import type { WeeklyTime } from './cron.js';

/** An entry in the operating system's scheduler: it calls `schedule run` whenever a task of the schedule is due. */
export interface SchedulerJob {
  /** Tells entries for several installations apart: `kms-backup`. */
  readonly name: string;
  /** Program and arguments, not quoted for anything. */
  readonly command: readonly string[];
  /** Whole minutes, each once, Monday first. */
  readonly times: readonly WeeklyTime[];
  /** The install directory, for descriptions. */
  readonly serverDir: string;
}

/** The schedulers in which a schedule can be installed. */
export type SchedulerKind = 'cron' | 'systemd' | 'launchd' | 'schtasks';

/** A file that a scheduler reads, or the text that `crontab` takes. */
export interface SchedulerFile {
  /** `kms-backup.timer`; `crontab` for the block in the user's crontab. */
  readonly name: string;
  readonly content: string;
}

const MINUTES_A_DAY = 1440;
const MINUTES_A_WEEK = 7 * MINUTES_A_DAY;

/**
 * The entry for the enabled tasks. A task with seconds is called at the next full minute, when it is due; each is called
 * for once more an hour later. In the night whose clock change skips the time, systemd leaves the first call out and cron
 * makes it before the task is due; in any night the second call does what another run held up.
 * @param ownTimes those of the tasks of kms-backup.ini
 * @throws {ConfigurationError} when no task is enabled
 * @throws {UsageError} for a name or path that no scheduler could hold
 */
export function planJob(
  tasks: readonly ScheduleTask[],
  job: {
    readonly name: string;
    readonly command: readonly string[];
    readonly serverDir: string;
  },
  ownTimes: readonly WeeklyTime[] = [],
): SchedulerJob {
  refuseUnusableJob(job);

  const enabled = tasks.filter(({ isEnabled }) => isEnabled);
  const minutes = callMinutes([...enabled, ...ownTimes]);

  if (minutes.length === 0) {
    throw new ConfigurationError(
      'the schedule in mailserver.cfg has no enabled task to install',
      {
        hints: [
          'Add one: schedule add --type full --day sun --time 01:00.',
          'Or take the default: schedule reset.',
        ],
      },
    );
  }

  const times = minutes.map((minute) => ({
    day: Math.floor(minute / MINUTES_A_DAY) + 1,
    timeSeconds: (minute % MINUTES_A_DAY) * 60,
  }));

  return { ...job, times };
}

/** @throws {UsageError} for a name or path that no scheduler could hold */
function refuseUnusableJob({
  name,
  command,
}: Pick<SchedulerJob, 'name' | 'command'>): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/.test(name)) {
    throw new UsageError(`not a name for an entry: ${JSON.stringify(name)}`, {
      hints: ['Use letters, digits, dots, hyphens and underscores.'],
    });
  }

  // A line end would end the entry, and no scheduler shows the rest.
  const odd = command.find((word) => /[\u0000-\u001f\u007f]/.test(word));
  if (odd !== undefined) {
    throw new UsageError(
      `a path holds control characters: ${JSON.stringify(odd)}`,
    );
  }
}

/** The minutes of the week at which the entry is called, each once: those of the enabled tasks and of kms-backup.ini's, and an hour later. */
function callMinutes(times: readonly WeeklyTime[]): number[] {
  const minutes = times
    .map(
      ({ day, timeSeconds }) =>
        (day - 1) * MINUTES_A_DAY + Math.ceil(timeSeconds / 60),
    )
    .flatMap((minute) => [minute, minute + 60])
    .map((minute) => minute % MINUTES_A_WEEK);

  return [...new Set(minutes)].sort((a, b) => a - b);
}

/** The times of day, earliest first, each with its days. */
export function groupByTime(
  times: readonly WeeklyTime[],
): { timeSeconds: number; days: number[] }[] {
  const groups = new Map<number, number[]>();
  for (const { day, timeSeconds } of times) {
    groups.set(timeSeconds, [...(groups.get(timeSeconds) ?? []), day]);
  }

  return [...groups]
    .map(([timeSeconds, days]) => ({ timeSeconds, days }))
    .sort((a, b) => a.timeSeconds - b.timeSeconds);
}

/** The entries that were written to, or removed from, the operating system's scheduler. */
export interface InstallReport {
  readonly kind: SchedulerKind;
  /** Paths, `crontab`, or the task's name. */
  readonly places: readonly string[];
  readonly isChanged: boolean;
  /** The steps that the operator must do by hand. */
  readonly notes: readonly string[];
}
