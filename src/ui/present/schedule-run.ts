import type { ScheduleRunReport } from '../../schedule/run.js';
import type { OwnTaskRun } from '../../schedule/run-own-tasks.js';
import { document } from '../document.js';
import { documentMoment } from './schedule.js';

/** Formats a call of `schedule run`: the words of the backup, or the reason why there was none. */
export function formatScheduleRun(report: ScheduleRunReport): string {
  const { action, output, reason, ownTasks } = report;
  const backup =
    action === 'backed-up' ? output.trimEnd() || reason : `${reason}.`;

  return [backup, ...ownTasks.map(formatTask)].join('\n');
}

function formatTask({ task, action, exitCode, output }: OwnTaskRun): string {
  switch (action) {
    case 'would-run':
      return `${task} of kms-backup.ini is due.`;
    case 'waiting':
      return `${task} of kms-backup.ini is due, and waits: another run is at work in the backup directory.`;
    case 'given-up':
      return `${task} of kms-backup.ini was started three times and never ended; waiting for its next time.`;
    case 'ran':
      return output.trimEnd() || `${task} ended with ${String(exitCode)}.`;
  }
}

/** The same as a document, with that of the backup in it. */
export function documentScheduleRun(report: ScheduleRunReport): object {
  const { action, reason, exitCode, warnings, due, output } = report;
  const moments = due?.moments.map(documentMoment);

  return document('schedule-run', {
    action,
    reason,
    type: due?.type,
    due: moments ?? [],
    exitCode,
    backup: parseOutput(output),
    tasks: report.ownTasks.map(({ output: text, ...task }) => ({
      ...task,
      document: parseOutput(text),
    })),
    warnings,
  });
}

/** The document that the backup printed; its words where it printed none. */
function parseOutput(output: string): unknown {
  if (output === '') return undefined;

  try {
    return JSON.parse(output);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;

    return { text: output };
  }
}
