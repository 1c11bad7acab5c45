import type { ConfigChange } from '../server/config/change.js';
import type { ConfigDocument } from '../server/config/document.js';
import { editConfig, type EditOptions } from '../server/config/file.js';
import type { Installation } from '../server/installation.js';
import {
  readEditableTasks,
  type ScheduleTask,
} from '../server/schedule-tasks.js';
import { settingsOf } from '../server/settings.js';

/** What an edit of the schedule did, or would do. */
export interface ScheduleEdit {
  readonly isChanged: boolean;
  readonly tasks: readonly ScheduleTask[];
  readonly warnings: readonly string[];
  readonly documents: {
    readonly before: ConfigDocument;
    readonly after: ConfigDocument;
  };
}

/**
 * Edits the schedule in mailserver.cfg. `plan` sees undefined for a task that says something impossible.
 * Warns where it ends up empty while backup is enabled: the server restores its default at the next start (manual).
 * @throws as `editConfig` and `plan` do
 */
export async function editSchedule(
  installation: Installation,
  options: EditOptions,
  plan: (
    tasks: readonly (ScheduleTask | undefined)[],
  ) => readonly ConfigChange[],
): Promise<ScheduleEdit> {
  const report = await editConfig(installation, options, (document) =>
    plan(readEditableTasks(document)),
  );
  const { schedule, backupEnabled } = settingsOf(
    report.after,
    installation.dir,
  );

  const warnings = [
    ...report.warnings,
    ...(backupEnabled ? scheduleWarnings(schedule, backupEnabled) : []),
  ];

  return {
    isChanged: report.isChanged,
    tasks: schedule,
    warnings,
    documents: { before: report.before, after: report.after },
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
