import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../clock.js';
import { judgeHolder, type Witness } from './judge-holder.js';
import { lockDisk } from './lock-disk.js';
import { ASIDE_PREFIX } from './take-lock.js';

/** A leftover that names no holder is removed after a day, when no run can still work on it. */
const OLD_MS = 24 * 3_600_000;

/**
 * Removes the files that runs left behind when they died while they took or released a lock. None of them is a lock, but a
 * slow run may still give one a lock's name: so only those of a dead run, and old ones that name no holder, are removed,
 * and each is renamed as a whole first.
 */
export function sweepLeftovers(directory: string, witness: Witness): void {
  try {
    for (const name of readdirSync(directory)) {
      if (name.startsWith(ASIDE_PREFIX) && name.endsWith('.part')) {
        sweep(join(directory, name), witness);
      }
    }
  } catch {
    // A later run tries again: no lock depends on the leftovers.
  }
}

function sweep(path: string, witness: Witness): void {
  const claim = lockDisk.look(path);
  const isDead =
    claim.state === 'held' && judgeHolder(claim.holder, witness) === 'dead';
  const isOld = systemClock().getTime() - lstatSync(path).mtimeMs > OLD_MS;
  if (!isDead && (claim.state === 'held' || !isOld)) return;

  const swept = `${path.slice(0, -'.part'.length)}-swept.part`;
  if (lockDisk.moveAway(path, swept)) lockDisk.remove(swept);
}
