import type { ArchiveWriter } from '../archive/write/archive-writer.js';
import { ticksOf } from '../platform/file-times.js';
import { isSame, lookAt } from '../platform/look-again.js';
import type { WalkedDirectory } from './walk.js';

/**
 * Gives directories their entries, with mode and time, after everything in them. The server lays entries only for empty
 * ones; ours for all keep their times and modes.
 * @returns how many were laid
 */
export function packDirectories(
  directories: readonly WalkedDirectory[],
  isWanted: (entryName: string, mtimeTicks: bigint, mode: number) => boolean,
  writer: ArchiveWriter,
): number {
  let count = 0;
  for (const { path, prefix, identity } of directories) {
    const stats = lookAt(path);
    // Where a link above leads elsewhere now it is another directory.
    if (!stats?.isDirectory() || (identity && !isSame(stats, identity))) {
      continue;
    }

    const mtimeTicks = ticksOf(stats);
    const mode = Number(stats.mode);
    if (!isWanted(prefix, mtimeTicks, mode)) continue;

    writer.addSmall({ name: prefix, bytes: Buffer.alloc(0), mtimeTicks, mode });
    count++;
  }

  return count;
}
