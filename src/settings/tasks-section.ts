/** The tasks that the mail server knows nothing of: `[tasks]` of kms-backup.ini. */
import type { SectionReader } from './ini-section.js';

/** When each is due, as it stands there: `sat 05:00`, `daily 06:00`, `0 5 * * 6`. Undefined: never. */
export interface TaskSettings {
  readonly verify: string | undefined;
  readonly drill: string | undefined;
}

const EXPECTED = 'a day and a time such as sat 05:00, or a cron expression';

export function readTasks(section: SectionReader): TaskSettings {
  return {
    verify: section.read('verify', EXPECTED, whenOf),
    drill: section.read('drill', EXPECTED, whenOf),
  };
}

/** Days and a time, or five fields; what they say is read by whoever works through them. */
function whenOf(text: string): string | undefined {
  const isWeekly = /^[a-z]+(,\s*[a-z]+)*\s+\d{1,2}:\d\d$/i.test(text);
  const isCron = /^(\S+\s+){4}\S+$/.test(text);

  return isWeekly || isCron ? text : undefined;
}
