import type { ArchiveWriter } from '../archive/write/archive-writer.js';
import { ticksOf } from '../platform/file-times.js';
import { isSame, lookAt } from '../platform/look-again.js';
import type { OpenBase } from './open-base.js';
import { isDirectoryChanged } from './compare-store.js';
import type { WalkedDirectory } from '../store/list-directory.js';

/**
 * Gives directories their entries, with mode and time, after everything in them: all, or those that differ from the
 * base's. The server lays entries only for empty ones; ours for all keep their times and modes.
 * @returns how many were laid
 */
export function packDirectories(
  directories: readonly WalkedDirectory[],
  base: OpenBase | undefined,
  writer: ArchiveWriter,
): number {
  let count = 0;
  for (const { path, prefix, identity } of directories) {
    const stats = lookAt(path);
    // A directory behind a link that leads elsewhere now is another one.
    if (!stats?.isDirectory() || (identity && !isSame(stats, identity))) {
      continue;
    }

    const facts = { mtimeTicks: ticksOf(stats), mode: Number(stats.mode) };
    if (base && !isDirectoryChanged(base.index, prefix, facts)) continue;

    writer.addSmall({ name: prefix, bytes: Buffer.alloc(0), ...facts });
    count++;
  }

  return count;
}
