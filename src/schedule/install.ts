import { UsageError } from '../errors.js';
import {
  readCrontabBlock,
  removeCrontabBlock,
  writeCrontabBlock,
} from './crontab.js';
import type {
  InstallReport,
  SchedulerFile,
  SchedulerJob,
  SchedulerKind,
} from './job.js';
import { renderCrontab, renderLaunchd, renderSystemd } from './render-unix.js';
import { renderSchtasks } from './render-windows.js';
import { createTask, deleteTask } from './task-scheduler.js';
import {
  areUnitFilesCurrent,
  installUnitFiles,
  uninstallUnitFiles,
} from './unit-files.js';

/** The texts that the scheduler takes; what `schedule export` prints. */
export function renderJob(
  kind: SchedulerKind,
  job: SchedulerJob,
): readonly SchedulerFile[] {
  switch (kind) {
    case 'cron':
      return [renderCrontab(job)];
    case 'systemd':
      return renderSystemd(job);
    case 'launchd':
      return [renderLaunchd(job)];
    case 'schtasks':
      return [renderSchtasks(job)];
  }
}

/**
 * Writes the entry into the operating system's scheduler, replacing one of the same name.
 * @param directory where unit files and property lists go instead of the system's place; they are not activated then
 * @throws {UsageError} when this system has no such scheduler, or the scheduler no such directory
 * @throws {FailedError} when the scheduler refuses the entry
 */
export function installJob(
  kind: SchedulerKind,
  job: SchedulerJob,
  directory?: string,
): InstallReport {
  refuseDirectory(kind, directory);
  if (kind === 'cron') {
    return writeCrontabBlock(renderCrontab(job).content, job.name);
  }

  if (kind === 'schtasks') return createTask(job.name, renderSchtasks(job));

  return installUnitFiles(kind, job.name, renderJob(kind, job), directory);
}

/** Removes the entry of that name; nothing to remove is no error. @throws as `installJob` */
export function uninstallJob(
  kind: SchedulerKind,
  name: string,
  directory?: string,
): InstallReport {
  refuseDirectory(kind, directory);
  if (kind === 'cron') return removeCrontabBlock(name);
  if (kind === 'schtasks') return deleteTask(name);

  return uninstallUnitFiles(kind, name, directory);
}

function refuseDirectory(
  kind: SchedulerKind,
  directory: string | undefined,
): void {
  if (directory === undefined || kind === 'systemd' || kind === 'launchd') {
    return;
  }

  throw new UsageError(
    `${kind} has no directory of files: --directory is for systemd and launchd`,
    {
      hints: [`Print the entry with schedule export --to ${kind}.`],
    },
  );
}

/**
 * Says whether the installed entry is the present schedule's, to the byte. An entry of the Task Scheduler cannot be compared so.
 * @param priority the words before the command in the crontab; earlier versions wrote none
 */
export function isInstalledCurrent(
  kind: Exclude<SchedulerKind, 'schtasks'>,
  job: SchedulerJob,
  priority: readonly string[],
): boolean {
  if (kind === 'cron') {
    return readCrontabBlock(job.name) === renderCrontab(job, priority).content;
  }

  return areUnitFilesCurrent(kind, renderJob(kind, job));
}
