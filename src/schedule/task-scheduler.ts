import { FailedError, UsageError } from '../errors.js';
import { type ProgramResult, runProgram } from '../platform/run-program.js';
import { withTemporaryFile } from '../platform/small-files.js';
import type { InstallReport, SchedulerFile } from './job.js';

/** Where the service of the Task Scheduler hangs, its program never ends. */
const PATIENCE_MS = 60_000;

/** Creates or replaces a task of the Windows Task Scheduler. */
export function createTask(name: string, file: SchedulerFile): InstallReport {
  // As Windows itself exports tasks.
  const bytes = Buffer.from(`\uFEFF${file.content}`, 'utf16le');
  const result = withTemporaryFile(file.name, bytes, (path) =>
    schtasks(['/Create', '/TN', name, '/XML', path, '/F']),
  );
  if (result.exitCode !== 0) {
    throw new FailedError(`schtasks /Create failed: ${result.stderr.trim()}`);
  }

  return { kind: 'schtasks', places: [name], isChanged: true, notes: [] };
}

/** Deletes the task; one that is not there is no error. */
export function deleteTask(name: string): InstallReport {
  const isThere = schtasks(['/Query', '/TN', name]).exitCode === 0;
  if (isThere) {
    const { exitCode, stderr } = schtasks(['/Delete', '/TN', name, '/F']);
    if (exitCode !== 0) {
      throw new FailedError(`schtasks /Delete failed: ${stderr.trim()}`);
    }
  }

  return {
    kind: 'schtasks',
    places: isThere ? [name] : [],
    isChanged: isThere,
    notes: [],
  };
}

/** The task as XML, as Windows gives it back; undefined where there is none. */
export function queryTask(name: string): string | undefined {
  const { exitCode, stdout } = schtasks(['/Query', '/TN', name, '/XML']);
  return exitCode === 0 && stdout.includes('<Task') ? stdout : undefined;
}

function schtasks(args: readonly string[]): ProgramResult {
  const result = runProgram('schtasks', args, { timeoutMs: PATIENCE_MS });
  if (result) return result;
  throw new UsageError('this system has no schtasks command', {
    hints: [
      'Print the task with schedule export --to schtasks and import it on the Windows server.',
    ],
  });
}
