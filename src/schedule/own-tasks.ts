/** The tasks of kms-backup.ini: verify and drill. Pure. */
import {
  ConfigurationError,
  KmsError,
  messageOf,
  UsageError,
} from '../errors.js';
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

/** The tasks, and why nobody can tell when others are due. */
export interface ReadOwnTasks {
  readonly tasks: readonly OwnTask[];
  readonly faults: readonly ConfigurationError[];
}

/** One task with a bad time keeps no other from being worked through. */
export function readTaskTimes(settings: TaskSettings): ReadOwnTasks {
  const names: readonly OwnTaskName[] = ['verify', 'drill'];
  const read = names.flatMap((name) => {
    const when = settings[name];

    return when === undefined ? [] : [readTask(name, when)];
  });

  return {
    tasks: read.flatMap((task) =>
      task instanceof ConfigurationError ? [] : [task],
    ),
    faults: read.filter((task) => task instanceof ConfigurationError),
  };
}

/** @throws {ConfigurationError} where nobody can tell when a task is due */
export function parseOwnTasks(settings: TaskSettings): readonly OwnTask[] {
  const { tasks, faults } = readTaskTimes(settings);
  if (faults[0]) throw faults[0];

  return tasks;
}

/** For people: each task that is never done, because its time says nothing. */
export function describeFaults({
  faults,
}: Pick<ReadOwnTasks, 'faults'>): string[] {
  return faults.map(({ message }) => `${message}; it is never made`);
}

function readTask(
  name: OwnTaskName,
  when: string,
): OwnTask | ConfigurationError {
  try {
    return { name, when, times: parseWhen(when) };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return new ConfigurationError(
      `[tasks] ${name} of kms-backup.ini: ${messageOf(error)}`,
      { hints: error.hints, cause: error },
    );
  }
}

function parseWhen(when: string): WeeklyTime[] {
  const [, days, time] = /^([a-z,\s]+?)\s+(\d{1,2}:\d\d)$/i.exec(when) ?? [];
  if (days === undefined || time === undefined) return parseFields(when);

  const timeSeconds = parseTime(time);

  return parseDays([days]).map((day) => ({ day, timeSeconds }));
}

function parseFields(when: string): WeeklyTime[] {
  const isCron = when.startsWith('@') || when.split(/\s+/).length >= 5;
  if (isCron) return parseCron(when);

  throw new UsageError(`not a day and a time: ${JSON.stringify(when)}`, {
    hints: ['Write sat 05:00, daily 06:00, or a cron expression.'],
  });
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
