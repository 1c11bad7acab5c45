import type { ScheduleRunReport } from '../../schedule/run.js';
import { document } from '../document.js';
import { documentMoment } from './schedule.js';

/** Formats a call of `schedule run`: the words of the backup, or the reason why there was none. */
export function formatScheduleRun(report: ScheduleRunReport): string {
  const { action, output, reason } = report;
  if (action === 'backed-up') return output.trimEnd() || reason;

  return `${reason}.`;
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
