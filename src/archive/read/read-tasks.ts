import { errnoOf } from '../../errors.js';
import { wordsOf } from '../../platform/errno-classes.js';
import type { EntryColumns } from '../zip/entry-table.js';
import type { VolumePlace } from '../volume-handle.js';

/** Where entries are written. */
export interface TargetRule {
  /** `@backup/store/mail/` for everything below, or a whole entry name. */
  readonly prefix: string;
  readonly isTree: boolean;
  /** What takes the prefix's place: an absolute path, with its last separator for a tree. */
  readonly target: string;
  /** Whom new files belong to; undefined: whoever runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Check these entries of one volume; with rules also write them. */
export interface ReadTask {
  readonly volume: VolumePlace;
  readonly columns: EntryColumns;
  /** The range of the volume that holds all of them. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** One entry that is too large to be held: it streams. */
  readonly isLarge: boolean;
  readonly rules: readonly TargetRule[] | undefined;
  /** What the operating system would not read is named, and the others are read; else it ends the run. */
  readonly isTolerant: boolean;
}

export interface ReadProblem {
  /** `F….1.zip` */
  readonly volume: string;
  readonly name: string;
  readonly reason: string;
}

/** What the operating system would not read: perhaps only this once, so that it is no damage. */
export interface UnreadEntry {
  /** The entry, or the archive where nothing of it could be read. */
  readonly name: string;
  /** `the disk or share reports an error (EIO)` */
  readonly reason: string;
  /** `EIO` */
  readonly errno: string;
}

export function toUnread(
  error: NodeJS.ErrnoException,
  name: string,
): UnreadEntry {
  const errno = errnoOf(error) ?? 'UNKNOWN';

  return { name, reason: `${wordsOf(errno)} (${errno})`, errno };
}

export interface ReadResult {
  readonly entries: number;
  readonly bytes: number;
  /** Entries that are damaged. */
  readonly problems: readonly ReadProblem[];
  /** Entries that became files with another time: the file system does not keep theirs. */
  readonly offTimes: readonly string[];
  /** Entries that could not be read, where the task goes on then. */
  readonly unread: readonly UnreadEntry[];
}

/** The rule that covers an entry, and the path it is written to; undefined where none does. */
export function targetOf(
  rules: readonly TargetRule[],
  name: string,
): { readonly path: string; readonly rule: TargetRule } | undefined {
  const rule = rules.find(({ prefix, isTree }) =>
    isTree ? name.startsWith(prefix) : name === prefix,
  );
  return rule && { rule, path: rule.target + name.slice(rule.prefix.length) };
}
