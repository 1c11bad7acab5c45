/** The work of one call of `schedule run`: the backup that the schedule made due, by this same program. */
import { listArchiveFiles } from '../archive/backup-directory.js';
import type { Storage } from '../archive/storage.js';
import {
  type ConfigurationError,
  ExitCode,
  type KmsError,
  NotFoundError,
} from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { ownProgram } from '../platform/self.js';
import { describeFaults } from '../schedule/own-tasks.js';
import {
  runSchedule,
  type ScheduleRunOptions,
  type ScheduleRunReport,
} from '../schedule/run.js';
import { chooseStorage } from './archive-places.js';
import { leftStoppedError } from './left-stopped.js';
import { examineOwnTasks } from './own-tasks.js';
import { openServer, type ServerFlags } from './server.js';
import type { SourceFlags } from './setting-sources.js';

/** The flags of `schedule run`, and the words that it passes on. */
export interface ScheduleRunFlags extends ServerFlags, SourceFlags {
  readonly 'dry-run': boolean;
  readonly 'even-if-disabled': boolean;
  readonly 'tasks-only': boolean;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly progress: string;
}

/**
 * Backs up if the schedule made it due since the last run; without a former run, since the newest archive.
 * @param passedOn further flags of the backup command
 * @throws as `runSchedule`
 */
export async function runDueBackup(
  flags: ScheduleRunFlags,
  passedOn: readonly string[],
  { signal, onDue }: Required<Pick<ScheduleRunOptions, 'signal' | 'onDue'>>,
): Promise<ScheduleRunReport> {
  const { installation, settings } = openServer(flags);
  const storage = chooseStorage(flags, { server: settings });
  const { tasks, faults } = examineOwnTasks(installation);

  const report = await runSchedule(installation, {
    clock: systemClock,
    program: ownProgram(),
    backupFlags: [...backupFlags(flags), ...passedOn],
    newestArchiveAt: await newestArchive(storage),
    isEvenIfDisabled: flags['even-if-disabled'],
    isTasksOnly: flags['tasks-only'],
    isDryRun: flags['dry-run'],
    ownTasks: tasks,
    taskFlags: reportingFlags(flags),
    busyWith: () => storage.lock.sight(systemClock)?.fact,
    onDue,
    signal,
  });

  const stopped = await leftStoppedError(installation, systemClock);

  return withFaults(report, faults, stopped);
}

/**
 * The tasks whose time says nothing, and a mail server that a restart left stopped: a call that did something warns of them, and is
 * incomplete.
 * @throws the first of them where nothing was due, which is told once a day: nobody waits for the night to learn that mail is down
 */
function withFaults(
  report: ScheduleRunReport,
  faults: readonly ConfigurationError[],
  stopped: KmsError | undefined,
): ScheduleRunReport {
  const first: KmsError | undefined = stopped ?? faults[0];
  if (!first) return report;

  const idle = ['nothing-due', 'disabled', 'tasks-only', 'busy'];
  const isIdle = idle.includes(report.action);
  if (isIdle && report.ownTasks.length === 0) throw first;

  const { exitCode, warnings } = report;
  const down = stopped ? [[stopped.message, ...stopped.hints].join('. ')] : [];
  const told = [...down, ...describeFaults({ faults })];

  return {
    ...report,
    exitCode: exitCode === ExitCode.done ? ExitCode.incomplete : exitCode,
    warnings: [...warnings, ...told],
  };
}

/** The flags of this command that concern the backup. */
function backupFlags(flags: ScheduleRunFlags): string[] {
  const words: string[] = [];
  const backupDir = flags['backup-dir'];

  if (backupDir !== undefined) words.push('--backup-dir', backupDir);
  words.push(...archiveWords(flags));

  return [...words, ...reportingFlags(flags)];
}

function archiveWords({ 'include-archive': included }: SourceFlags): string[] {
  if (included === undefined) return [];

  return [included ? '--include-archive' : '--no-include-archive'];
}

/** Those that say how a run tells about itself. */
function reportingFlags(flags: ScheduleRunFlags): string[] {
  const words: string[] = [];

  if (flags.quiet) words.push('--quiet');
  if (flags.json) words.push('--json');
  if (flags.verbose) words.push('--verbose');

  return [...words, '--progress', flags.progress];
}

async function newestArchive(storage: Storage): Promise<Date | undefined> {
  try {
    const archives = await listArchiveFiles(storage);

    return archives.at(-1)?.takenAt;
  } catch (error) {
    // The backup itself says what is wrong with the directory, or makes it.
    if (error instanceof NotFoundError) return undefined;

    throw error;
  }
}
