import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoSpaceError } from '../errors.js';
import { formatSize } from '../platform/units.js';
import type { ChainEntries } from './select-entries.js';
import type { RecoverRequest } from './request.js';

/** The space that a new state needs beside the old one. */

/** The existing directory that a path lies in, or will lie in. */
export function existingAncestor(path: string): string {
  let candidate = path;
  while (!existsSync(candidate)) candidate = dirname(candidate);
  return candidate;
}

/** The space that is needed on one file system. */
interface DiskNeed {
  /** A directory on it. */
  readonly at: string;
  needed: number;
}

/** The needed and the free space of the tightest file system: mail may lie on a disk of its own. */
export function measureSpace(
  request: RecoverRequest,
  { tops }: ChainEntries,
): { needed: number; free: number; at: string } {
  const disks = new Map<number, DiskNeed>();
  for (const { area, name, diskBytes } of tops) {
    const at = existingAncestor(
      join(area === 'store' ? request.storeDir : request.cfgDir, name),
    );
    const { dev } = statSync(at);
    const disk = disks.get(dev) ?? { at, needed: 0 };

    disk.needed += diskBytes;
    disks.set(dev, disk);
  }

  const measured = [...disks.values()].map(({ at, needed }) => ({
    at,
    needed,
    free: freeBytesAt(at),
  }));

  measured.sort((a, b) => a.free - a.needed - (b.free - b.needed));

  return (
    measured[0] ?? {
      needed: 0,
      free: freeBytesAt(existingAncestor(request.storeDir)),
      at: request.storeDir,
    }
  );
}

function freeBytesAt(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** @throws {NoSpaceError} when old and new state do not fit beside each other */
export function checkSpace(
  request: RecoverRequest,
  entries: ChainEntries,
): { needed: number; free: number } {
  const { needed, free, at } = measureSpace(request, entries);
  if (needed > free && !request.isInPlace) {
    throw new NoSpaceError(
      `${formatSize(needed)} are needed beside the present store, ${formatSize(free)} are free at ${at}`,
      {
        hints: [
          'Free space there.',
          'Or recover with --in-place: it removes the present store first, and has no undo.',
        ],
      },
    );
  }

  return { needed, free };
}
