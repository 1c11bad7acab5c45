import { lstatSync } from 'node:fs';
import type { Journal, SwapUnit } from './recover-journal-text.js';

/** Finds the finished steps of a swap by the files that exist, because a full disk may have kept the journal at an earlier step. */

/** Says whether a unit's new state is live. */
export function isSwapped({
  live,
  staged,
  old,
  hadLive,
  hasNew,
}: SwapUnit): boolean {
  if (hasNew) return !exists(staged);

  return !hadLive || exists(old) || !exists(live);
}

/** Says whether a unit's old state is live. */
export function isSwappedBack({
  live,
  staged,
  old,
  hadLive,
  hasNew,
}: SwapUnit): boolean {
  if (hadLive) return !exists(old);

  return !hasNew || exists(staged) || !exists(live);
}

/**
 * Says whether a recover or a rollback has come to its end, so that one of the two states is live, whole: also where the disk
 * took no further phase of the journal.
 */
export function isAtEnd({ phase, units }: Journal): boolean {
  if (phase === 'kept' || phase === 'settled') return true;
  if (units.length === 0 || phase === 'emptied') return false;
  if (phase === 'rolling-back') return units.every(isSwappedBack);
  return units.every(
    (unit) => isSwapped(unit) && (!unit.hasNew || exists(unit.live)),
  );
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
