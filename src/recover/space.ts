import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { NoSpaceError } from '../errors.js';
import { diskSpaceOf, existingAncestor } from '../platform/disk-space.js';
import { formatSize } from '../platform/units.js';
import { placedBytes } from './placed-bytes.js';
import { placeTops } from './placed-tops.js';
import type { ChainEntries } from './select-entries.js';
import type { RecoverRequest } from './request.js';

/** The space that a new state needs beside the old one. */

/** The space that is needed on one file system. */
interface DiskNeed {
  /** A directory on it: the first in which something is put. */
  readonly at: string;
  needed: number;
}

/** The space that a recover needs and finds on one of its file systems. */
export interface MeasuredSpace {
  readonly needed: number;
  readonly free: number;
  /** A directory on it. */
  readonly at: string;
  readonly total: number;
}

/** Those of a recover, the tightest first. */
export type MeasuredSpaces = readonly [MeasuredSpace, ...MeasuredSpace[]];

/**
 * Measures the needed and the free space of each file system that really gets something: mail, a domain or a
 * mailbox may lie on a disk of its own.
 */
export function measureSpaces(
  request: RecoverRequest,
  entries: ChainEntries,
): MeasuredSpaces {
  const disks = new Map<number, DiskNeed>();
  const tops = placeTops(request, entries);

  for (const [{ placement }, bytes] of placedBytes(entries, tops)) {
    if (bytes === 0) continue;

    const at = existingAncestor(dirname(placement.staging));
    const { dev } = statSync(at);
    const disk = disks.get(dev) ?? { at, needed: 0 };

    disk.needed += bytes;
    disks.set(dev, disk);
  }

  const [tightest, ...others] = [...disks.values()]
    .map(measure)
    .sort((a, b) => leftOver(a) - leftOver(b));

  const nothing = { at: existingAncestor(request.storeDir), needed: 0 };

  return [tightest ?? measure(nothing), ...others];
}

/** What is free for more than the new state and the reserve. */
function leftOver(space: MeasuredSpace): number {
  return space.free - space.needed - reserveOf(space);
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
  spaces: readonly MeasuredSpace[],
): void {
  const full = spaces.find(({ needed, free }) => needed > free);
  if (!full || isInPlace) return;

  const { needed, free, at } = full;

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
 * @param spaces the tightest first
 * @param isCostly something live would be lost or overwritten for good
 * @throws {NoSpaceError} where it would be, no flag says so, and there is no room to keep it
 */
export function decideKeeping(
  { keeping, isAdditive }: RecoverRequest,
  spaces: MeasuredSpaces,
  isCostly: boolean,
): boolean {
  if (keeping === 'never') return false;
  if (isAdditive) return true;

  const [space] = spaces;
  const { needed, free, at } = space;
  const hasRoom = leftOver(space) >= 0;
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
