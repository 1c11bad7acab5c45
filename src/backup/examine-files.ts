import { type BigIntStats, lstatSync } from 'node:fs';
import { errnoOf } from '../errors.js';
import { ticksOf } from '../platform/file-times.js';
import { checksumFile } from './checksum.js';
import { type StatResult, type StatTask, UNKNOWN, VANISHED } from './stat-tasks.js';

/** Examines the files of a task, one after the other. */
export function examineFiles({ directories, withCrc }: StatTask): StatResult {
  const count = directories.reduce((sum, { names }) => sum + names.length, 0);
  const result = {
    sizes: new Float64Array(count),
    mtimes: new BigInt64Array(count),
    modes: new Uint16Array(count),
    crcs: new Uint32Array(withCrc ? count : 0),
  };
  let index = 0;
  for (const { path, names } of directories) {
    for (const name of names) examineInto(result, index++, `${path}/${name}`, withCrc);
  }
  return result;
}

function examineInto(result: StatResult, index: number, path: string, withCrc: boolean): void {
  const stats = examine(path);
  if (typeof stats === 'number') {
    result.sizes[index] = stats;
    return;
  }
  result.sizes[index] = Number(stats.size);
  result.mtimes[index] = ticksOf(stats);
  result.modes[index] = Number(stats.mode);
  if (withCrc) result.crcs[index] = checksumFile(path);
}

/** One file that cannot be examined must not keep the others out of the archive: the packer names it. */
function examine(path: string): BigIntStats | typeof VANISHED | typeof UNKNOWN {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? VANISHED;
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    // Its directory may have become a file.
    return code === 'ENOTDIR' ? VANISHED : UNKNOWN;
  }
}
