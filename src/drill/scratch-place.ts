/** Where the scratch directory of a drill is made. */
import {
  accessSync,
  constants,
  realpathSync,
  statSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { errnoOf, NoSpaceError, NotFoundError, UsageError } from '../errors.js';
import { diskSpaceOf } from '../platform/disk-space.js';
import { liesWithin } from '../platform/one-place.js';
import { formatSize } from '../platform/units.js';

export interface ScratchWish {
  /** The directory that it is made in; undefined: one that is found. */
  readonly to: string | undefined;
  readonly neededBytes: number;
  /** What it must not lie in: the live store, a directory of archives. */
  readonly avoid: readonly string[];
  /** The last place to be tried: beside the live store. */
  readonly beside: string | undefined;
}

/** So much of a disk stays free for others: a mail server that finds its disk full takes no mail. */
const RESERVED_SHARE = 0.02;
const RESERVED_BYTES = 1024 ** 3;

/** File systems in memory: a recovered store would take the memory of the mail server. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** @throws {UsageError} · {NoSpaceError} · {NotFoundError} as `openScratch` */
export function chooseParent(wish: ScratchWish): string {
  return wish.to === undefined ? findParent(wish) : namedParent(wish.to, wish);
}

function namedParent(to: string, { avoid, neededBytes }: ScratchWish): string {
  const parent = realDirectory(to);
  const live = avoid.find((place) => liesWithin(parent, place));
  if (live !== undefined) {
    throw new UsageError(`${to} lies in ${live}: nothing is drilled there`, {
      hints: ['Name a directory outside of the store and of the archives.'],
    });
  }

  const roomBytes = roomIn(parent);
  if (roomBytes < neededBytes) throw noSpace(neededBytes, roomBytes, parent);

  return parent;
}

function findParent({ avoid, beside, neededBytes }: ScratchWish): string {
  const usual = process.platform === 'win32' ? [] : ['/var/tmp'];
  const candidates = [...usual, tmpdir(), ...(beside ? [beside] : [])]
    .filter(isUsable)
    .map((path) => realpathSync(path))
    .filter((path) => !avoid.some((place) => liesWithin(path, place)))
    .map((path) => ({ path, roomBytes: roomIn(path) }));

  const fitting = candidates.find(({ roomBytes }) => roomBytes >= neededBytes);
  if (fitting) return fitting.path;

  const [widest] = candidates.sort((a, b) => b.roomBytes - a.roomBytes);

  throw noSpace(neededBytes, widest?.roomBytes ?? 0, widest?.path ?? tmpdir());
}

function noSpace(neededBytes: number, roomBytes: number, at: string): Error {
  return new NoSpaceError(
    `${formatSize(neededBytes)} are needed to recover into, ${formatSize(roomBytes)} can be taken at ${at}`,
    {
      hints: [
        'Name a directory on a disk with room: --to DIR.',
        'Or drill less: one mailbox, which is the default, or --sample.',
      ],
    },
  );
}

/** What can be taken of a disk, and leaves others some. */
function roomIn(directory: string): number {
  const { freeBytes = 0, totalBytes = 0 } = diskSpaceOf(directory) ?? {};
  const reserved = Math.min(totalBytes * RESERVED_SHARE, RESERVED_BYTES);

  return Math.max(0, freeBytes - reserved);
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);

    return (
      statSync(path).isDirectory() && !MEMORY_TYPES.has(statfsSync(path).type)
    );
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;

    return false;
  }
}

function realDirectory(path: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }

  throw new NotFoundError(`there is no directory ${path}`, {
    hints: ['Make it first: a drill makes a private directory in it.'],
  });
}
