/** The tasks that the mail server knows nothing of: `[tasks]` of kms-backup.ini. */
import type { SectionReader } from './ini-section.js';

/** When each is due, as it stands there: `sat 05:00`, `daily 06:00`, `0 5 * * 6`. Undefined: never. */
export interface TaskSettings {
  readonly verify: string | undefined;
  readonly drill: string | undefined;
}

/** What they say is read by whoever works through them: a time that nobody understands keeps no other command from its work. */
export function readTasks(section: SectionReader): TaskSettings {
  return {
    verify: section.text('verify'),
    drill: section.text('drill'),
  };
}
