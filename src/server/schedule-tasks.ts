import type { ConfigDocument } from './config-document.js';
import { findSection, readerOf } from './config-values.js';

/** One task of the backup schedule: list StoreBackupSchedule. */
export interface ScheduleTask {
  readonly type: 'full' | 'differential';
  /** 1 Monday … 7 Sunday. */
  readonly day: number;
  /** Seconds after local midnight, 0 to 86399. */
  readonly timeSeconds: number;
  readonly description: string;
  readonly isEnabled: boolean;
  /** Lower-case UUID; empty where the file has none. */
  readonly guid: string;
}

/** The tasks in the file's order. @throws {ConfigurationError} naming line and value of an impossible type, day or time */
export function readScheduleTasks(document: ConfigDocument): ScheduleTask[] {
  const items = findSection(document, 'list', 'StoreBackupSchedule')?.items ?? [];
  return items.map((item) => {
    const read = readerOf(document, item);
    return {
      type: read.integer('Format', 1, [1, 2]) === 1 ? 'full' : 'differential',
      day: read.integer('Date', 7, [1, 7]),
      timeSeconds: read.integer('Time', 3600, [0, 86_399]),
      description: read.text('Description', ''),
      isEnabled: read.flag('Enabled', true),
      guid: read.text('Guid', ''),
    };
  });
}
