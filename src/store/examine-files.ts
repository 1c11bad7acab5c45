import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import { errnoOf } from '../errors.js';
import { ticksOf } from '../platform/file-times.js';
import { isGone, isStillAt } from '../platform/look-again.js';
import { checksumFile } from './checksum.js';
import { unpackNames } from './name-list.js';
import {
  type ListedStatTask,
  type StatResult,
  type StatTask,
  UNKNOWN,
  VANISHED,
} from './stat-tasks.js';
import type { ListedDirectory } from './list-directory.js';

/** Examines the files of a task whose names are packed: those of one directory at a time become strings. */
export function examineListed({
  directories,
  withCrc,
}: ListedStatTask): StatResult {
  const count = directories.reduce((sum, { files }) => sum + files.count, 0);
  const result = makeResult(count, withCrc);
  let first = 0;

  for (const { files, ...listed } of directories) {
    examineDirectory(result, first, {
      ...listed,
      names: unpackNames(files),
      withCrc,
    });
    first += files.count;
  }

  return result;
}

/** Examines the files of a task, one after the other. */
export function examineFiles({ directories, withCrc }: StatTask): StatResult {
  const count = directories.reduce((sum, { names }) => sum + names.length, 0);
  const result = makeResult(count, withCrc);
  let first = 0;

  for (const listed of directories) {
    examineDirectory(result, first, { ...listed, withCrc });
    first += listed.names.length;
  }

  return result;
}

function makeResult(count: number, withCrc: boolean): StatResult {
  return {
    sizes: new Float64Array(count),
    mtimes: new BigInt64Array(count),
    modes: new Uint16Array(count),
    crcs: new Uint32Array(withCrc ? count : 0),
  };
}

/** A directory with the names in it that are asked about. */
interface AskedDirectory extends ListedDirectory {
  readonly names: readonly string[];
  readonly withCrc: boolean;
}

/** @param first the place of its first file in the columns */
function examineDirectory(
  result: StatResult,
  first: number,
  listed: AskedDirectory,
): void {
  const { names, withCrc } = listed;

  for (const [at, name] of names.entries()) {
    examineInto(result, first + at, listed, { name, withCrc });
  }

  // An answer from the time when another directory stood there says nothing of the files that were listed.
  if (isElsewhere(listed)) {
    result.sizes.fill(VANISHED, first, first + names.length);
  }
}

function isElsewhere({ directory, identity }: ListedDirectory): boolean {
  try {
    return identity !== undefined && !isStillAt(directory, identity);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // The packer asks again, and names what cannot be read.
    return false;
  }
}

function examineInto(
  result: StatResult,
  index: number,
  { directory, followsLinks }: ListedDirectory,
  { name, withCrc }: { readonly name: string; readonly withCrc: boolean },
): void {
  const path = `${directory}/${name}`;
  const stats = examine(path, followsLinks === true);

  if (typeof stats === 'number') {
    result.sizes[index] = stats;
    return;
  }

  result.sizes[index] = Number(stats.size);
  result.mtimes[index] = ticksOf(stats);
  result.modes[index] = Number(stats.mode);
  if (withCrc) result.crcs[index] = checksumFile(path, { followsLinks });
}

/** One file that cannot be examined must not keep the others out of the archive: the packer names it. */
function examine(
  path: string,
  followsLinks: boolean,
): BigIntStats | typeof VANISHED | typeof UNKNOWN {
  try {
    const look = followsLinks ? statSync : lstatSync;
    return look(path, { bigint: true, throwIfNoEntry: false }) ?? VANISHED;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return isGone(error) ? VANISHED : UNKNOWN;
  }
}
