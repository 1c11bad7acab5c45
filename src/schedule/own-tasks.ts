/** The tasks of kms-backup.ini: verify and drill. Pure. */
import { ConfigurationError, KmsError, messageOf } from '../errors.js';
import type { TaskSettings } from '../settings/tasks-section.js';
import { nextMoments, parseCron, type WeeklyTime } from './cron.js';
import { lastMoment } from './plan-due.js';
import { parseDays, parseTime } from './week.js';

export type OwnTaskName = 'verify' | 'drill';

export interface OwnTask {
  readonly name: OwnTaskName;
  /** As it stands in kms-backup.ini: `sat 05:00`. */
  readonly when: string;
  readonly times: readonly WeeklyTime[];
}

/** @throws {ConfigurationError} where nobody can tell when a task is due */
export function parseOwnTasks({ verify, drill }: TaskSettings): OwnTask[] {
  return [...parseTask('verify', verify), ...parseTask('drill', drill)];
}

function parseTask(name: OwnTaskName, when: string | undefined): OwnTask[] {
  if (when === undefined) return [];

  try {
    return [{ name, when, times: parseWhen(when) }];
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    throw new ConfigurationError(
      `[tasks] ${name} of kms-backup.ini: ${messageOf(error)}`,
      { hints: error.hints, cause: error },
    );
  }
}

function parseWhen(when: string): WeeklyTime[] {
  const [, days, time] = /^([a-z,\s]+?)\s+(\d{1,2}:\d\d)$/i.exec(when) ?? [];
  if (days === undefined || time === undefined) return parseCron(when);

  const timeSeconds = parseTime(time);

  return parseDays([days]).map((day) => ({ day, timeSeconds }));
}

/** The last moment of a task that is after `since` and not after `now`; undefined: it is not due. */
export function lastDue(
  { times }: OwnTask,
  since: Date,
  now: Date,
): Date | undefined {
  return times
    .map((time) => lastMoment(time, now))
    .filter((at) => at.getTime() > since.getTime())
    .sort((a, b) => a.getTime() - b.getTime())
    .at(-1);
}

/** A task as `schedule list` shows it. */
export interface ListedOwnTask {
  readonly task: OwnTaskName;
  readonly when: string;
  readonly next: Date | undefined;
}

export function listOwnTasks(
  tasks: readonly OwnTask[],
  now: Date,
): ListedOwnTask[] {
  return tasks.map((task) => ({
    task: task.name,
    when: task.when,
    next: nextOf(task, now),
  }));
}

function nextOf({ times }: OwnTask, after: Date): Date | undefined {
  return times
    .flatMap((time) => nextMoments(time, after, 1))
    .sort((a, b) => a.getTime() - b.getTime())
    .at(0);
}
