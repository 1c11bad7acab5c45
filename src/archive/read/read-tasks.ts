import { errnoOf } from '../../errors.js';
import { wordsOf } from '../../platform/errno-classes.js';
import { isRemoteFailure } from '../../platform/system-error.js';
import type { TablePart } from '../zip/table-part.js';
import type { VolumePlace } from '../volume-handle.js';

/** The target path of entries. */
export interface TargetRule {
  /** `@backup/store/mail/` for everything below, or a whole entry name. */
  readonly prefix: string;
  readonly isTree: boolean;
  /** The path in place of the prefix: absolute, and for a tree with its last separator. */
  readonly target: string;
  /** The owner of new files; undefined for the user of this run. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Check these entries of one volume; with rules also write them. */
export interface ReadTask {
  readonly volume: VolumePlace;
  readonly entries: TablePart;
  /** The range of the volume that holds all of them. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** One entry that is too large to be held: it streams. */
  readonly isLarge: boolean;
  readonly rules: readonly TargetRule[] | undefined;
  /** An entry that the operating system does not read is reported, and the others are read. Otherwise it ends the run. */
  readonly isTolerant: boolean;
}

export interface ReadProblem {
  /** `F….1.zip` */
  readonly volume: string;
  readonly name: string;
  readonly reason: string;
}

/** An entry that the operating system did not read. It may be readable later, so that it is no damage. */
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

  const reason = isRemoteFailure(error)
    ? error.message
    : `${wordsOf(errno)} (${errno})`;

  return { name, reason, errno };
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
