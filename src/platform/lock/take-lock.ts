import { dirname, join } from 'node:path';
import { errnoOf } from '../../errors.js';
import type { Holder } from './holder.js';
import type { Claim, LockDisk } from './lock-disk.js';

/**
 * Takes a lock step by step. No run ever sees a half-made lock, and of several runs that take it one wins:
 *
 *   with hard links     a file that names its holder gets the lock's name as its second name
 *   without             a directory that holds such a file gets the lock's name by one rename: no file system gives a
 *                       directory the name of a file, or of another directory that is not empty
 *
 * A dead holder's lock is taken over. Between a look and the next step, the lock may have become another run's: so no step
 * moves or removes a lock that another run may hold.
 *
 *   a directory         the run adds its own claim in it, `after-ID` with the dead holder's id: of several runs one wins.
 *                       The claim that no other claim follows holds the lock. A slow run may add its claim to a later lock
 *                       at this place, where no holder has that id: so each run checks that its claim ends the line
 *   a file              is removed under a second lock, a directory that all removing runs share; then all begin anew
 */

export interface TakeOptions {
  readonly path: string;
  /** This run as the holder, with an id that no other call has. */
  readonly mine: Holder;
  readonly isDead: (holder: Holder) => boolean;
  /** On a full disk, a lock will do that does not name its holder. */
  readonly mayBeNameless: boolean;
  /** The lock must be a directory: it guards the removal of a lock that is a file. */
  readonly isGuard?: boolean;
}

export type Taken =
  | { readonly outcome: 'taken'; readonly hold: Hold }
  | { readonly outcome: 'held'; readonly by: Exclude<Claim, { state: 'free' }> }
  /** Another run was quicker with one of the steps. */
  | { readonly outcome: 'again' };

/** A lock that this run holds. */
export interface Hold {
  readonly path: string;
  /** The path of its claim: the lock's own, or `after-ID` in it. */
  readonly place: string;
  /** The id of its holder. */
  readonly id: string;
  readonly isNameless: boolean;
}

/** The steps of one attempt. It yields before each step, so that a test can let another run act in between. */
export type Steps<T> = Generator<string, T, void>;

export function* takeLock(disk: LockDisk, options: TakeOptions): Steps<Taken> {
  const { path, isDead } = options;
  const last = yield* findLast(disk, path);
  const { claim } = last;

  if (claim.state === 'unknown') return { outcome: 'held', by: claim };
  if (claim.state === 'free') return yield* claimLock(disk, options, path);
  if (!isDead(claim.holder)) return { outcome: 'held', by: claim };

  if (claim.isFile && last.place === path) {
    return yield* clearFile(disk, options);
  }

  return yield* claimLock(
    disk,
    options,
    join(path, `after-${claim.holder.id}`),
  );
}

/** Lays a claim at a place that was free, and proves that it ends the line. */
function* claimLock(
  disk: LockDisk,
  options: TakeOptions,
  place: string,
): Steps<Taken> {
  const { path, mine } = options;
  const claimed = yield* claimPlace(disk, options, place);
  if (claimed === 'no') return { outcome: 'again' };

  const isNameless = claimed === 'namelessly';
  const hold = { path, place, id: mine.id, isNameless };
  if (place === path) return { outcome: 'taken', hold };

  const last = yield* findLast(disk, path);
  if (isHeldBy(last, hold)) return { outcome: 'taken', hold };

  yield 'remove a claim that ends no line';
  disk.remove(place);

  return { outcome: 'again' };
}

/** Releases a lock; the lock of another run stays. @throws {Error} the operating system's */
export function* releaseLock(disk: LockDisk, hold: Hold): Steps<void> {
  const { path, place, id } = hold;
  const last = yield* findLast(disk, path);
  if (last.claim.state === 'free' || !isHeldBy(last, hold)) return;

  if (last.claim.isFile && place === path) {
    yield 'remove the file';
    disk.removeFile(path);

    return;
  }

  const aside = asidePath(path, `${id}-released`);
  yield 'move it away';
  if (!disk.moveAway(path, aside)) return;

  yield 'remove what was moved';
  disk.remove(aside);
}

/** Returns a path beside the lock, of a name that `sweepLeftovers` recognises. */
function asidePath(path: string, id: string): string {
  return join(dirname(path), `${ASIDE_PREFIX}${id}.part`);
}

export const ASIDE_PREFIX = '.kms-backup-lock-';

/** The claim that ends the line, and its path. */
interface Last {
  readonly claim: Claim;
  readonly place: string;
}

export function* findLast(disk: LockDisk, path: string): Steps<Last> {
  yield 'look at the lock';

  let last: Last = { claim: disk.look(path), place: path };
  const places = new Set([path]);

  while (
    last.claim.state === 'held' &&
    !(last.claim.isFile && last.place === path)
  ) {
    const place = join(path, `after-${last.claim.holder.id}`);
    // This program never makes a line that ends in a circle.
    if (places.has(place)) return last;

    places.add(place);
    yield 'look who follows';

    const claim = disk.look(place);
    if (claim.state === 'free') return last;

    last = { claim, place };
  }

  return last;
}

function isHeldBy({ claim, place }: Last, hold: Hold): boolean {
  if (place !== hold.place) return false;
  if (claim.state === 'held') return claim.holder.id === hold.id;

  // A claim that does not name its holder is recognised by its path alone.
  return hold.isNameless && claim.state === 'unknown' && claim.isFile;
}

function* claimPlace(
  disk: LockDisk,
  options: TakeOptions,
  place: string,
): Steps<'named' | 'namelessly' | 'no'> {
  const prepared = asidePath(options.path, options.mine.id);
  try {
    const isWon = yield* claimNamed(disk, options, { prepared, place });
    return isWon ? 'named' : 'no';
  } catch (error) {
    const isFull = errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
    if (!isFull || !options.mayBeNameless) throw error;
  } finally {
    disk.remove(prepared);
  }

  yield 'claim namelessly';

  return disk.claimNamelessly(place, options.mine) ? 'namelessly' : 'no';
}

function* claimNamed(
  disk: LockDisk,
  { path, mine, isGuard = false }: TakeOptions,
  { prepared, place }: { prepared: string; place: string },
): Steps<boolean> {
  if (place === path && !isGuard) {
    disk.prepareFile(prepared, mine);
    yield 'link';

    const result = disk.link(prepared, place);
    if (result === 'won') return true;

    const claim = disk.look(place);
    if (result === 'taken' && claim.state !== 'free') {
      return isMine(claim, mine);
    }

    // The disk has no links, or an empty directory is in the way: a directory can take its name.
    disk.remove(prepared);
  }

  disk.prepareDirectory(prepared, mine);
  yield 'claim';

  return disk.claim(prepared, place) || isMine(disk.look(place), mine);
}

/** Says whether this run's claim lies there. A share that lost an answer may report a failure of a call that it did. */
function isMine(claim: Claim, mine: Holder): boolean {
  return claim.state === 'held' && claim.holder.id === mine.id;
}

/** Removes a dead run's file under the second lock, after it looked at the file again. */
function* clearFile(disk: LockDisk, options: TakeOptions): Steps<Taken> {
  const guard = { ...options, path: `${options.path}.takeover`, isGuard: true };
  const taken = yield* takeLock(disk, guard);
  if (taken.outcome !== 'taken') return { outcome: 'again' };

  yield 'look at the file';

  const claim = disk.look(options.path);
  if (claim.state === 'held' && claim.isFile && options.isDead(claim.holder)) {
    yield 'remove the file';
    disk.removeFile(options.path);
  }

  yield* releaseLock(disk, taken.hold);

  return { outcome: 'again' };
}
