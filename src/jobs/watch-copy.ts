/** The copy that a running server makes by itself: begun, watched until it ends. */
import { AdminUnreachableError } from '../admin-api/fault.js';
import { FailedError, LockedError } from '../errors.js';
import { monotonicMs } from '../platform/clock.js';
import { pause } from '../platform/patience.js';
import type { OnProgress } from '../platform/progress.js';
import { tellStep } from '../platform/steps.js';
import {
  readBackupState,
  type RunningBackupState,
} from '../server/running/backup-state.js';
import type { AdminCalls } from '../server/running/calls.js';
import { refuseWithoutRights } from '../server/running/role.js';
import { withState } from '../server/running/with-state.js';

export interface WatchControl {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Told when the server may be at work. */
  readonly onBegun: () => void;
  /** Between two looks; the last one counts from there on. */
  readonly pausesMs?: readonly number[];
  /** So long the server may be at rest, and name no new copy. */
  readonly restMs?: number;
}

const PAUSES_MS = [200, 400, 800, 1600, 3200, 5000];
const REST_MS = 60_000;
/** So many looks in a row may fail: a server that is busy is no server that is gone. */
const MOST_LOST = 6;

const GOES_ON = 'the mail server may go on with its copy: nothing can stop it';

/**
 * Has the server make a copy by its own settings, and returns when it began, by the server's own word.
 * @throws {LockedError} where it is at work already · {FailedError} where the copy failed, or none came
 */
export async function makeServerCopy(
  calls: AdminCalls,
  control: WatchControl,
): Promise<Date> {
  await refuseWithoutRights(calls);
  const before = await readBackupState(calls);
  if (before.isAtWork) {
    throw new LockedError(
      `the mail server makes a backup already: ${before.percent} %`,
      { hints: ['Wait until it has ended: status --via api shows it.'] },
    );
  }

  control.onBegun();
  await start(calls);

  try {
    return await watch(calls, before, control);
  } catch (error) {
    // A server that is at rest has told how it ended.
    throw error instanceof FailedError ? error : withState(error, GOES_ON);
  }
}

/** Is told once. Where its answer is lost, what it does is seen. */
async function start(calls: AdminCalls): Promise<void> {
  try {
    await calls.tell('Backup.start', { backupType: 'backupTypeMirror' });
  } catch (error) {
    if (!(error instanceof AdminUnreachableError)) throw error;

    tellStep(`the answer to Backup.start is lost: ${error.message}`);
  }
}

async function watch(
  calls: AdminCalls,
  before: RunningBackupState,
  control: WatchControl,
): Promise<Date> {
  const {
    signal,
    onProgress,
    pausesMs = PAUSES_MS,
    restMs = REST_MS,
  } = control;
  let restSince = monotonicMs();
  let wasAtWork = false;

  for (let look = 0; ; look++) {
    const pauseMs = pausesMs[Math.min(look, pausesMs.length - 1)] ?? 0;
    await pause(pauseMs, signal);

    const state = await lookPatiently(calls, pauseMs, signal);
    onProgress({
      phase: 'server copy',
      doneItems: state.percent,
      totalItems: 100,
      doneBytes: 0,
    });

    if (state.isAtWork) {
      wasAtWork = true;
      restSince = monotonicMs();
      continue;
    }

    const takenAt = judge(before, state, wasAtWork);
    if (takenAt) return takenAt;
    if (monotonicMs() - restSince > restMs) throw nothingCame(wasAtWork);
  }
}

/** When the copy began that is there now and was not before. @throws {FailedError} */
function judge(
  before: RunningBackupState,
  now: RunningBackupState,
  wasAtWork: boolean,
): Date | undefined {
  const isNewFailure =
    now.lastResult === 'failed' &&
    (wasAtWork || before.lastResult !== 'failed');

  if (isNewFailure) {
    throw new FailedError('the mail server says that its copy has failed', {
      hints: [
        'Its error log says why, and log show --via api where the messages of Store Backup are on.',
      ],
    });
  }

  const takenAt = now.last.copy?.takenAt;
  const isNew = takenAt?.getTime() !== before.last.copy?.takenAt.getTime();

  return isNew ? takenAt : undefined;
}

function nothingCame(wasAtWork: boolean): FailedError {
  return new FailedError(
    wasAtWork
      ? 'the mail server is at rest again, and names no new copy'
      : 'the mail server was told to make a copy, and has not begun one',
    { hints: ['Look at its error log, and whether backup is enabled there.'] },
  );
}

async function lookPatiently(
  calls: AdminCalls,
  pauseMs: number,
  signal: AbortSignal,
): Promise<RunningBackupState> {
  for (let lost = 1; ; lost++) {
    try {
      return await readBackupState(calls);
    } catch (error) {
      if (!(error instanceof AdminUnreachableError)) throw error;
      if (lost === MOST_LOST) throw error;

      tellStep(`a look at the copy is lost: ${error.message}`);
      await pause(pauseMs, signal);
    }
  }
}
