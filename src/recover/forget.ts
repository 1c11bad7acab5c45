import { FailedError, NotFoundError } from '../errors.js';
import { findUndoable, type KeptState } from '../server/kept-states.js';
import { findJournals } from '../server/recover-journal.js';
import { isAtEnd } from '../server/recover-state.js';
import { describeRemains } from './remains.js';
import { settle } from './journal.js';
import { holdPlaces } from './places.js';
import type { RecoverRequest } from './request.js';
import type { RollbackPlaces } from './rollback.js';

/** Giving up, on purpose, the states that recovers keep. */

/**
 * Names what `forget` gives up now; changes nothing.
 * @throws {NotFoundError} when nothing is kept · {FailedError} where a recover is not complete
 */
export function planForget({
  storeDir,
  cfgDir,
}: RollbackPlaces): readonly KeptState[] {
  const places = [storeDir, cfgDir];
  const open = findJournals(places).find(({ journal }) => !isAtEnd(journal));

  if (open) {
    throw new FailedError(
      `the recover of ${open.journal.archive} was interrupted: what it replaced may be needed`,
      { hints: ['Complete it with the same recover, or undo it, first.'] },
    );
  }

  const kept = findUndoable(places);
  if (kept.length > 0) return kept;

  throw new NotFoundError('no state before a recover is kept', {
    hints: ['There is nothing to forget.'],
  });
}

/**
 * Removes every state that is kept in the places of a request, the oldest first. What lies beside the live data as NAME.BAK
 * stays. An abort leaves the newer ones; no rollback brings a part of the one in hand.
 * @returns warnings of what could not be removed
 * @throws as `planForget`
 */
export async function forget(
  request: RecoverRequest,
): Promise<readonly string[]> {
  const places = [request.storeDir, request.cfgDir];
  const held = await holdPlaces(request, [], places);

  try {
    planForget(request);

    return findJournals(places)
      .filter(({ journal }) => ['kept', 'settled'].includes(journal.phase))
      .sort((a, b) => a.journal.level - b.journal.level)
      .flatMap((found) =>
        describeRemains(settle(found), 'the kept state is given up'),
      );
  } finally {
    held.release();
  }
}
