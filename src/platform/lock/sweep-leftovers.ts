import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../clock.js';
import { judgeHolder, type Witness } from './judge-holder.js';
import { lockDisk } from './lock-disk.js';
import { ASIDE_PREFIX } from './take-lock.js';

/** What names nobody is removed only when nobody can still be at it. */
const OLD_MS = 24 * 3_600_000;

/**
 * Removes what runs left that died while they took or released a lock. Nothing of it is a lock; but one who is slow may
 * still give it a lock's name, so only what is of a dead run, or old and of nobody, goes, and never in pieces.
 */
export function sweepLeftovers(directory: string, witness: Witness): void {
  try {
    for (const name of readdirSync(directory)) {
      if (name.startsWith(ASIDE_PREFIX) && name.endsWith('.part')) {
        sweep(join(directory, name), witness);
      }
    }
  } catch {
    // A later run may have more luck: no lock depends on it.
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
