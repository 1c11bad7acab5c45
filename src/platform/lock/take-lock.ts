import { dirname, join } from 'node:path';
import { errnoOf } from '../../errors.js';
import type { Holder } from './holder.js';
import type { Claim, LockDisk } from './lock-disk.js';

/**
 * How a lock is taken, step by step. Nobody ever sees a lock that is half made, and of many takers one wins:
 *
 *   with hard links     a file that says who holds it gets the lock's name as its second one
 *   without             a directory with that file in it gets the name by one rename: no file system gives a directory the
 *                       name of a file, or of another directory that is not empty
 *
 * Taking over from the dead never moves or removes what may have become another's between a look and the step after it:
 *
 *   a directory         who proves its holder dead adds a claim of his own in it, `after-ID` with the dead one's id: again
 *                       one wins. Whose claim nobody follows holds the lock. Who was slow may add his claim to a later lock
 *                       at this place, where nobody has that id: each looks once more whether his claim ends the line
 *   a file              is removed under a second lock, a directory, which all share who remove it; then all begin anew
 */
export interface TakeOptions {
  readonly path: string;
  /** With an id that no other call has. */
  readonly mine: Holder;
  readonly isDead: (holder: Holder) => boolean;
  /** Whether a lock that cannot say whose it is will do where the disk has no room for a word. */
  readonly mayBeNameless: boolean;
  /** Whether it must be a directory: what guards the removal of files can be none. */
  readonly isGuard?: boolean;
}

export type Taken =
  | { readonly outcome: 'taken'; readonly hold: Hold }
  | { readonly outcome: 'held'; readonly by: Exclude<Claim, { state: 'free' }> }
  /** Somebody else was quicker with one of the steps. */
  | { readonly outcome: 'again' };

/** A lock that is held: where the claim lies, and whose it is. */
export interface Hold {
  readonly path: string;
  readonly place: string;
  readonly id: string;
  readonly isNameless: boolean;
}

/** The steps of one attempt; before each it yields, so that others may be put in between. */
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

/** Gives up a lock that is held; another's stays. @throws {Error} the operating system's */
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

/** Beside the lock, under a name that the sweep knows. */
function asidePath(path: string, id: string): string {
  return join(dirname(path), `${ASIDE_PREFIX}${id}.part`);
}

export const ASIDE_PREFIX = '.kms-backup-lock-';

/** The claim that ends the line, and where it lies. */
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
    // A line that bites its tail was made by nobody of us.
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

  // One that could not be named is told by its place alone.
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

    // No links here, or an empty directory in the way, whose name another directory may take.
    disk.remove(prepared);
  }

  disk.prepareDirectory(prepared, mine);
  yield 'claim';

  return disk.claim(prepared, place) || isMine(disk.look(place), mine);
}

/** A share whose answer got lost may say no although it did it. */
function isMine(claim: Claim, mine: Holder): boolean {
  return claim.state === 'held' && claim.holder.id === mine.id;
}

/** Removes a dead run's file, if it is still what was judged once nobody else may remove it. */
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
