import { messageOf } from '../errors.js';
import { type FoundJournal } from '../server/recover-journal.js';
import { changePhase, settle } from './journal.js';
import { refuseMissingPlaces } from './places.js';
import { describeRemains } from './remains.js';
import { swapForward } from './swap.js';
import { restore, undoSwap } from './undo.js';

/** The end of a swap, at once or in a later call. */

/** The end of a recover or rollback that an earlier call had begun. */
export interface FinishedJournal {
  /** For a line to the user; undefined where only the other state was still to be removed. */
  readonly message: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * The new state is complete: the old one goes, or is kept for a rollback. Nothing that fails here makes less of it.
 * @returns warnings
 */
export function endSwap(found: FoundJournal): string[] {
  const { journal } = found;
  if (!journal.keepsOld) {
    return describeRemains(settle(found), 'the recover is complete');
  }

  try {
    changePhase(found, 'kept');
    return [];
  } catch (error) {
    const reason = messageOf(error);
    return [
      `the recover is complete, and recover --rollback undoes it; its journal could not be closed (${reason})`,
    ];
  }
}

/**
 * Completes a recover or rollback that was interrupted. What is kept stays, and what --in-place removed stays named.
 * @throws {FailedError} when it cannot go on
 */
export function finishInterrupted(
  found: FoundJournal,
): FinishedJournal | undefined {
  const { journal } = found;
  if (journal.phase !== 'kept') refuseMissingPlaces(found);

  switch (journal.phase) {
    case 'swapping': {
      const setAside = goOn(found);
      // One that adds has added nothing yet: the same call begins anew.
      const isSwap = journal.added === undefined;

      return {
        message: isSwap
          ? `the recover of ${journal.archive} that was interrupted is complete now`
          : undefined,
        warnings: [...setAside, ...endSwap(found)],
      };
    }

    case 'rolling-back': {
      const left = restore(journal);
      return {
        message: 'the rollback that was interrupted is complete now',
        warnings: [
          ...left,
          ...describeRemains(settle(found), 'the rollback is complete'),
        ],
      };
    }

    case 'settled':
      return {
        message: undefined,
        warnings: describeRemains(settle(found), 'the store is whole'),
      };
    default:
      return undefined;
  }
}

/** @throws {KmsError} where the swap cannot go on, with the old state back in place */
function goOn(found: FoundJournal): string[] {
  try {
    return swapForward(found.journal.units);
  } catch (error) {
    const outcome = 'It was interrupted before: the state before it is back.';
    throw undoSwap(found, error, outcome);
  }
}
