import { closeSync, fstatSync } from 'node:fs';
import { readBytes } from '../../platform/read-bytes.js';
import { openStored } from '../../store/open-stored.js';
import type { FilesTask } from './pack-tasks.js';
import type { ReadPace } from './read-pace.js';

/** Longer files are read ahead by the system itself, once somebody has begun. */
export const WARM_BYTES = 256 << 10;

/**
 * Reads the files of a task so that the system has them in memory when they are packed. What is read is of no other use:
 * packing looks at each file anew, and a file that cannot be read is told of there.
 * @param scratch `WARM_BYTES` long
 */
export function warmFiles(task: FilesTask, scratch: Buffer): ReadPace {
  const startedAt = performance.now();
  let bytes = 0;

  for (const name of task.names) {
    try {
      bytes += warmFile(`${task.directory}/${name}`, task, scratch);
    } catch {
      // It is gone, or held by another program.
    }
  }

  const ms = performance.now() - startedAt;

  return { files: task.names.length, bytes, ms };
}

function warmFile(
  path: string,
  { followsLinks }: FilesTask,
  scratch: Buffer,
): number {
  const fd = openStored(path, { followsLinks });

  try {
    // What has become a pipe would lose what is read.
    return fstatSync(fd).isFile()
      ? readBytes(fd, scratch, 0, scratch.length)
      : 0;
  } finally {
    closeSync(fd);
  }
}
