/** A verify or a drill of the server's own archives, and how it is told. */
import { hostname } from 'node:os';
import { ExitCode, InterruptedError, messageOf } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { toKnownError } from '../platform/system-error.js';
import type { CheckReport } from '../report/check-report.js';
import { tellCheck } from '../report/tell-check.js';
import { readTelling } from '../report/telling.js';
import { findInstallation } from '../server/installation.js';

/** How such a run ended, as its command prints it. */
export interface CheckEnd {
  readonly exitCode?: number | undefined;
  readonly text: string;
}

/** A run that is told. */
export interface ToldCheck {
  readonly command: CheckReport['command'];
  readonly place: string;
  readonly serverDir: string | undefined;
  readonly signal: AbortSignal;
  /** Told what could not be told. */
  readonly onWarnings: (warnings: readonly string[]) => void;
}

/** Who stops a run knows it. @throws whatever the run throws, after it was told */
export async function runTold<End extends CheckEnd>(
  check: ToldCheck,
  run: () => Promise<End>,
): Promise<End> {
  const startedAt = systemClock();

  try {
    const end = await run();
    await tell(check, startedAt, end);

    return end;
  } catch (error) {
    if (error instanceof InterruptedError) throw error;

    const known = toKnownError(error);
    const exitCode = known?.exitCode ?? ExitCode.failed;
    await tell(check, startedAt, { exitCode, text: messageOf(error) });

    throw error;
  }
}

async function tell(
  { command, place, serverDir, signal, onWarnings }: ToldCheck,
  startedAt: Date,
  { exitCode = ExitCode.done, text }: CheckEnd,
): Promise<void> {
  try {
    const report: CheckReport = {
      schema: 'kms-backup/check/1',
      command,
      host: hostname(),
      place,
      startedAt,
      finishedAt: systemClock(),
      exitCode,
      outcome: outcomeOf(exitCode),
      text,
    };
    const installation = findInstallation({ serverDir });
    const { gaps, ...telling } = readTelling(installation);
    const context = {
      ...telling,
      installDir: installation.dir,
      env: process.env,
      clock: systemClock,
      signal,
    };

    onWarnings([...gaps, ...(await tellCheck(report, context))]);
  } catch (error) {
    onWarnings([`nobody was told: ${messageOf(error)}`]);
  }
}

function outcomeOf(exitCode: number): CheckReport['outcome'] {
  if (exitCode === ExitCode.done) return 'done';

  return exitCode === ExitCode.incomplete ? 'incomplete' : 'failed';
}
