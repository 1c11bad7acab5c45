import type { VolumePlace } from '../archive/volume-handle.js';
import type { EntryColumns } from '../archive/zip/entry-table.js';
import type { HeaderField } from '../archive/headers/header-index.js';

/** Some messages of one volume whose headers are to be read. */
export interface HeaderTask {
  readonly volume: VolumePlace;
  readonly columns: EntryColumns;
}

/** Their headers, folded, in the order of the task. */
export interface HeaderAnswer {
  /** Milliseconds; NaN where a message has no date. */
  readonly dates: Float64Array;
  /** A line for each message, empty where the message has no such field or is damaged. */
  readonly lines: Readonly<Record<HeaderField, Uint8Array>>;
  /** Messages that could not be read: where they are in the task. */
  readonly unread: readonly number[];
  /** The system's code where it refused to read: all that follow are unread then. */
  readonly failure: string | undefined;
}
