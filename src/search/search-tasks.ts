import type { VolumePlace } from '../archive/volume-handle.js';
import type { EntryColumns } from '../archive/zip/entry-table.js';
import type { MessageHeaders } from '../mail/message-headers.js';
import type { MessageQuery } from '../mail/message-query.js';

/** Some messages of one volume to be looked through. */
export interface SearchTask {
  readonly volume: VolumePlace;
  readonly columns: EntryColumns;
  readonly query: MessageQuery;
  /** What is found is read whole, and its checksum compared. */
  readonly checksWhole: boolean;
}

/** One message that was found; `index` counts in the task. */
export interface SearchMatch {
  readonly index: number;
  readonly headers: MessageHeaders;
}

export interface SearchAnswer {
  readonly matches: readonly SearchMatch[];
  /** Messages that are damaged; `index` counts in the task. */
  readonly problems: readonly {
    readonly index: number;
    readonly name: string;
    readonly reason: string;
  }[];
}
