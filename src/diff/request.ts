import type { ComparableDirectory } from '../archive/comparable-files.js';
import type { EarlierTree } from '../archive/compare-trees.js';
import type { OnProgress } from '../platform/progress.js';

/** What a comparison of two moments is asked for. */
export interface DiffRequest {
  readonly before: EarlierTree;
  readonly after: AsyncIterable<ComparableDirectory>;
  readonly onProgress: OnProgress;
}

/** Counts of files or messages. */
export interface ChangeCounts {
  new: number;
  changed: number;
  deleted: number;
}

/** What came of the messages of one folder. */
export interface FolderDiff extends ChangeCounts {
  /** `example.com/alice` */
  readonly mailbox: string;
  /** Decoded: `INBOX/Ärzte`; empty for mail that lies in no folder. */
  readonly folder: string;
  movedIn: number;
  movedOut: number;
  same: number;
  /** The bytes that the folder's messages have more than before, or less. */
  bytes: number;
  /** Whether it was there, with any file, at each moment. */
  wasThere: boolean;
  isThere: boolean;
}

/** Files that are no mail, or belong to folders as a whole, of one part: `mailserver.cfg`, `lists`, `mail`. */
export interface PartDiff extends ChangeCounts {
  readonly part: string;
}

/** All messages of both moments. */
export interface MessageTotals extends ChangeCounts {
  moved: number;
  same: number;
  newBytes: number;
  deletedBytes: number;
}
