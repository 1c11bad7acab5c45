import {
  FailedError,
  type KmsError,
  messageOf,
  NoSpaceError,
  SystemError,
} from '../errors.js';
import { toSystemError } from '../platform/system-error.js';
import type { FoundJournal } from '../server/recover-journal.js';
import type { Journal } from '../server/recover-journal-text.js';
import { describeRemains } from './remains.js';
import { changePhase, settle } from './journal.js';
import { swapBack } from './swap.js';
import { takeBack } from './take-back.js';

const ADVICE =
  'Close what has files of the store open, the Explorer and virus scanners too';

/**
 * A swap that cannot go on: the old state comes back whole. Where that fails too, or where --in-place removed it, the
 * journal stays for the next call.
 * @param outcome what is so when the old state is back
 * @returns what to throw
 */
export function undoSwap(
  found: FoundJournal,
  error: unknown,
  outcome = 'Nothing was changed.',
): KmsError {
  if (found.journal.isInPlace) {
    return explain(error, 'the recover is not complete: ', [
      'Mend that, then run it again: it goes on from here.',
    ]);
  }

  try {
    return explain(error, '', [outcome, ...goBack(found)]);
  } catch (second) {
    const fact = `the store is half old, half new: ${messageOf(error)}; then ${messageOf(second)}`;
    return new FailedError(fact, {
      hints: [
        `${ADVICE}, then run recover --rollback: it completes the way back.`,
      ],
      cause: second,
    });
  }
}

/** The error with what it leaves behind said first, and the code and exit code that it has. */
function explain(
  error: unknown,
  before: string,
  hints: readonly string[],
): KmsError {
  const known = toSystemError(error);
  const message = before + messageOf(known ?? error);

  const details = {
    hints: [...hints, ...(known?.hints ?? [`${ADVICE}, and try again.`])],
    cause: error,
  };

  if (known instanceof SystemError) {
    return new SystemError(known.code, known.errno, message, details);
  }

  return known
    ? new NoSpaceError(message, details)
    : new FailedError(message, details);
}

/**
 * Restores the state before. @returns warnings of what could not be removed of the other one
 * @throws {FailedError} when something cannot be renamed: the journal says `rolling-back` then
 */
export function goBack(found: FoundJournal): string[] {
  if (found.journal.phase !== 'rolling-back') {
    changePhase(found, 'rolling-back');
  }

  const left = restore(found.journal);

  return [
    ...left,
    ...describeRemains(settle(found), 'the state before is back'),
  ];
}

/** Makes the old state live, also after an interruption. The journal says `rolling-back`. @returns warnings */
export function restore(journal: Journal): string[] {
  const { added } = journal;
  const warnings = added === undefined ? [] : takeBack(added);

  return [...warnings, ...swapBack(journal)];
}
