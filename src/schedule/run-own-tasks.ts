/** Works through the tasks of kms-backup.ini, one after the other, while the schedule's lock is held. */
import { ExitCode } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { runToEnd } from '../platform/run-program.js';
import type { Installation } from '../server/installation.js';
import { lastDue, type OwnTask, type OwnTaskName } from './own-tasks.js';
import {
  readTaskStates,
  type TaskState,
  writeTaskState,
} from './task-state.js';

export interface OwnTaskOptions {
  readonly clock: Clock;
  /** This program and its first arguments. */
  readonly program: readonly string[];
  readonly ownTasks: readonly OwnTask[];
  /** Flags for verify and drill. */
  readonly taskFlags: readonly string[];
  /** Who works in the backup directory, in words; undefined: nobody. */
  readonly busyWith: () => string | undefined;
  readonly isDryRun: boolean;
  /** Called before it begins to act on what is due. */
  readonly onDue?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal;
}

/** A task that was due, and what came of it. */
export interface OwnTaskRun {
  readonly task: OwnTaskName;
  readonly dueAt: Date;
  /** `waiting`: a backup is at work, so that it stays due. */
  readonly action: 'ran' | 'would-run' | 'waiting' | 'given-up';
  readonly exitCode: number;
  readonly output: string;
}

/** Entries of schedulers call an hour later again: a task that was never seen before is due as long. */
const FIRST_LOOK_MS = 65 * 60_000;
/** A clock that was set back further makes a state of the future worthless. */
const CLOCK_TOLERANCE_MS = 25 * 3_600_000;
const MAX_ATTEMPTS = 3;

/** An abort leaves the task due. @throws {FailedError} when it cannot be started · {KmsError} when the state cannot be kept */
export async function runOwnTasks(
  installation: Installation,
  options: OwnTaskOptions,
): Promise<OwnTaskRun[]> {
  const runs: OwnTaskRun[] = [];

  for (const task of options.ownTasks) {
    const run = await runIfDue(installation, task, options);
    if (run) runs.push(run);
  }

  return runs;
}

async function runIfDue(
  installation: Installation,
  task: OwnTask,
  options: OwnTaskOptions,
): Promise<OwnTaskRun | undefined> {
  const now = options.clock();
  const state = stateOf(installation, task, now);
  const dueAt = lastDue(task, state.handledUntil, now);

  if (!dueAt) {
    if (!options.isDryRun) keepFirst(installation, task, state);
    return undefined;
  }

  const run = { task: task.name, dueAt, exitCode: ExitCode.done, output: '' };
  if (options.isDryRun) return { ...run, action: 'would-run' };
  if (options.busyWith() !== undefined) return { ...run, action: 'waiting' };

  const attempts = (state.attempts ?? 0) + 1;
  if (attempts > MAX_ATTEMPTS) {
    writeTaskState(installation, task.name, { handledUntil: now });

    return { ...run, action: 'given-up', exitCode: ExitCode.failed };
  }

  writeTaskState(installation, task.name, { ...state, attempts });
  await options.onDue?.();

  return { ...run, ...(await call(installation, task, now, options)) };
}

async function call(
  installation: Installation,
  { name }: OwnTask,
  now: Date,
  { program, taskFlags, signal }: OwnTaskOptions,
): Promise<Pick<OwnTaskRun, 'action' | 'exitCode' | 'output'>> {
  const words = [name, '--server-dir', installation.dir, ...taskFlags];
  const { exitCode, stdout } = await runToEnd([...program, ...words], {
    signal,
  });

  signal?.throwIfAborted();
  // Killed: it stays due, and the next call tries again.
  if (exitCode !== -1) {
    writeTaskState(installation, name, { handledUntil: now });
  }

  return {
    action: 'ran',
    exitCode: exitCode === -1 ? ExitCode.failed : exitCode,
    output: stdout,
  };
}

function stateOf(
  installation: Installation,
  { name }: OwnTask,
  now: Date,
): TaskState {
  const state = readTaskStates(installation).get(name);
  const latest = now.getTime() + CLOCK_TOLERANCE_MS;
  const isUsable = state && state.handledUntil.getTime() <= latest;

  return isUsable
    ? state
    : { handledUntil: new Date(now.getTime() - FIRST_LOOK_MS) };
}

/** From the first look on what is missed is caught up. */
function keepFirst(
  installation: Installation,
  { name }: OwnTask,
  state: TaskState,
): void {
  if (readTaskStates(installation).has(name)) return;

  writeTaskState(installation, name, state);
}
