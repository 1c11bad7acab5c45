import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoSpaceError } from '../errors.js';
import { diskSpaceOf } from '../platform/disk-space.js';
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

/** The space that a recover needs and finds on the tightest of its file systems. */
export interface MeasuredSpace {
  readonly needed: number;
  readonly free: number;
  /** A directory on it. */
  readonly at: string;
  readonly total: number;
}

/** Measures the needed and the free space of the tightest file system: mail may lie on a disk of its own. */
export function measureSpace(
  request: RecoverRequest,
  { tops }: ChainEntries,
): MeasuredSpace {
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

  const [tightest] = [...disks.values()]
    .map(measure)
    .sort((a, b) => a.free - a.needed - (b.free - b.needed));

  return (
    tightest ?? measure({ at: existingAncestor(request.storeDir), needed: 0 })
  );
}

function measure({ at, needed }: DiskNeed): MeasuredSpace {
  const space = diskSpaceOf(at);

  return {
    at,
    needed,
    free: space?.freeBytes ?? 0,
    total: space?.totalBytes ?? 0,
  };
}

/** @throws {NoSpaceError} when old and new state do not fit beside each other */
export function refuseWithoutSpace(
  { isInPlace }: RecoverRequest,
  { needed, free, at }: MeasuredSpace,
): void {
  if (needed <= free || isInPlace) return;

  throw new NoSpaceError(
    `${formatSize(needed)} are needed beside the present store, ${formatSize(free)} are free at ${at}`,
    {
      hints: [
        'Free space there: recover --forget removes what earlier recovers keep.',
        '--no-keep-old is not enough: the new state is proven beside the old one before that goes.',
        'Or recover with --in-place: it removes the present store first, and has no undo.',
      ],
    },
  );
}

/** A mail server that finds its disk full stops taking mail: so much stays free beside a state that is kept. */
const RESERVED_SHARE = 0.02;
const RESERVED_BYTES = 1024 ** 3;

function reserveOf({ total }: MeasuredSpace): number {
  return Math.min(total * RESERVED_SHARE, RESERVED_BYTES);
}

/**
 * Decides whether what is replaced is kept.
 * @param isCostly something live would be lost or overwritten for good
 * @throws {NoSpaceError} where it would be, no flag says so, and there is no room to keep it
 */
export function decideKeeping(
  { keeping, isAdditive }: RecoverRequest,
  space: MeasuredSpace,
  isCostly: boolean,
): boolean {
  if (isAdditive || keeping === 'never') return false;

  const { needed, free, at } = space;
  const hasRoom = free - needed >= reserveOf(space);
  if (hasRoom || keeping === 'always') return true;
  if (!isCostly) return false;

  throw new NoSpaceError(
    `what is replaced cannot be kept for a rollback: ${formatSize(Math.max(0, free - needed))} would be left free at ${at}, and the mail server needs ${formatSize(reserveOf(space))}`,
    {
      hints: [
        'Free space there: recover --forget removes what earlier recovers keep.',
        'Or recover with --no-keep-old: what is replaced is removed at the end, and there is no way back.',
        'Or with --in-place: it is removed first. With --keep-old it is kept all the same.',
      ],
    },
  );
}
