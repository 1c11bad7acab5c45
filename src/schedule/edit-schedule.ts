import type { ConfigChange } from '../server/config/change.js';
import {
  readEditableTasks,
  type ScheduleTask,
} from '../server/schedule-tasks.js';
import {
  type EditOptions,
  type EditReport,
  editSettings,
  type SettingsSource,
} from '../server/settings-source.js';

/** The result of an edit of the schedule, or of its preview. */
export interface ScheduleEdit {
  readonly isChanged: boolean;
  readonly tasks: readonly ScheduleTask[];
  readonly warnings: readonly string[];
  readonly report: EditReport;
}

/**
 * Edits the schedule of a server. `plan` sees undefined for a task that says something impossible.
 * Warns where it ends up empty while backup is enabled: the server restores its default at the next start (manual).
 * @throws as `editSettings` and `plan` do
 */
export async function editSchedule(
  source: SettingsSource,
  options: EditOptions,
  plan: (
    tasks: readonly (ScheduleTask | undefined)[],
  ) => readonly ConfigChange[],
): Promise<ScheduleEdit> {
  const report = await editSettings(source, options, ({ document }) =>
    plan(readEditableTasks(document)),
  );
  const { schedule, backupEnabled } = report.after.settings();

  const warnings = [
    ...report.warnings,
    ...(backupEnabled ? scheduleWarnings(schedule, backupEnabled) : []),
  ];

  return {
    isChanged: report.isChanged,
    tasks: schedule,
    warnings,
    report,
  };
}

/** Why the server does not do what the schedule says. */
export function scheduleWarnings(
  schedule: readonly ScheduleTask[],
  isEnabled: boolean,
): string[] {
  if (!isEnabled) {
    return ['backup is disabled: the server runs none of these tasks.'];
  }

  return schedule.length === 0
    ? [
        'the schedule is empty while backup is enabled: the server restores its default at the next start.',
      ]
    : [];
}
