/** The tasks of a server that kms-backup.ini names. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, KmsError } from '../errors.js';
import type { HistoryRun } from '../history/history-run.js';
import { describeMissedTasks } from '../schedule/missed-tasks.js';
import {
  describeFaults,
  type OwnTask,
  parseOwnTasks,
  type ReadOwnTasks,
  readTaskTimes,
} from '../schedule/own-tasks.js';
import type { Installation } from '../server/installation.js';
import { INI_NAME, readIniFile } from '../settings/ini-file.js';
import { type Check, ok, problem } from '../status/check.js';

/** @throws {ConfigurationError} when kms-backup.ini is wrong, also where only a task's time is */
export function readOwnTasks({ dir }: Installation): readonly OwnTask[] {
  return parseOwnTasks(readIniFile(dir).tasks);
}

/** The same for whoever goes on without the task whose time is wrong. @throws {ConfigurationError} when the file cannot be read */
export function examineOwnTasks({ dir }: Installation): ReadOwnTasks {
  return readTaskTimes(readIniFile(dir).tasks);
}

/** Whether their times can be understood; nothing where none is asked for. */
export function checkOwnTasks(installation: Installation): Check[] {
  const name = 'tasks';

  try {
    const tasks = readOwnTasks(installation);
    if (tasks.length === 0) return [];

    const fact = tasks.map((task) => `${task.name} ${task.when}`).join(', ');

    return [ok(name, fact)];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    const fact = `it is never made: ${error.message}`;
    const advice = error.hints[0] ?? 'Mend that line.';

    return [problem(name, fact, advice)];
  }
}

/**
 * Those that fell due and were not done, and those of which nobody can tell when they are due, a sentence each.
 * A file that cannot be read is told elsewhere.
 */
export function missedOwnTasks(
  installation: Installation,
  history: readonly HistoryRun[],
  now: Date,
): string[] {
  try {
    const read = examineOwnTasks(installation);
    const faults = describeFaults(read);
    if (read.tasks.length === 0) return faults;

    const askedSince = statSync(join(installation.dir, INI_NAME)).mtime;
    const lastRun = (name: string): Date | undefined =>
      history.findLast(({ command }) => command === name)?.startedAt;

    const missed = describeMissedTasks(installation, read.tasks, {
      evidence: {
        askedSince,
        lastRun,
      },
      now,
    });

    return [...faults, ...missed];
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [];
  }
}
