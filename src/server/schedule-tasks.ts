import { ConfigurationError } from '../errors.js';
import type { ConfigDocument, ConfigItem } from './config/document.js';
import { findSection, readerOf } from './config/values.js';

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
  return itemsOf(document).map((item, index) => {
    try {
      return readTask(document, item);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;

      const hints = [
        `Remove that task with schedule rm ${index + 1}, or take the default with schedule reset.`,
      ];

      throw new ConfigurationError(error.message, { hints, cause: error });
    }
  });
}

/** The tasks of a schedule that is to be changed: one that says something impossible is undefined, and can be removed. */
export function readEditableTasks(
  document: ConfigDocument,
): (ScheduleTask | undefined)[] {
  return itemsOf(document).map((item) => {
    try {
      return readTask(document, item);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return undefined;
    }
  });
}

function itemsOf(document: ConfigDocument): readonly ConfigItem[] {
  return findSection(document, 'list', 'StoreBackupSchedule')?.items ?? [];
}

function readTask(document: ConfigDocument, item: ConfigItem): ScheduleTask {
  const read = readerOf(document, item);
  return {
    type: read.integer('Format', 1, [1, 2]) === 1 ? 'full' : 'differential',
    day: read.integer('Date', 7, [1, 7]),
    timeSeconds: read.integer('Time', 3600, [0, 86_399]),
    description: read.text('Description', ''),
    isEnabled: read.flag('Enabled', true),
    guid: read.text('Guid', ''),
  };
}
