/** What pins change of a verdict: a pinned archive stays, and so does the full that a pinned differential needs. Pure. */
import type { ArchiveState } from '../archive/archive-state.js';
import { archiveName } from '../archive/names.js';
import { describePin, isKeptByPin } from '../archive/pin-words.js';
import type { Verdict } from './retention-rule.js';

interface Surroundings {
  readonly states: readonly ArchiveState[];
  readonly now: Date;
}

export function withPin(
  verdict: Verdict,
  { states, now }: Surroundings,
): Verdict {
  const { state, action, reasons } = verdict;
  const words = describePin(state.pin, now) ?? '';
  const dependent = states.find(
    ({ base, pin }) => base === state.facts && isKeptByPin(pin, now),
  );

  const own = isKeptByPin(state.pin, now) ? [words] : [];
  const needed = dependent ? [reasonOfNeed(dependent)] : [];
  const why = [...own, ...needed];

  if (why.length > 0) {
    const isPinnedOnly = action === 'remove';

    return {
      state,
      action: 'keep',
      reasons: isPinnedOnly ? why : [...reasons, ...why],
      isPinnedOnly,
    };
  }

  // A pin that is over is told where the archive goes in spite of it.
  return action === 'remove' && words !== ''
    ? { ...verdict, reasons: [...reasons, words] }
    : verdict;
}

function reasonOfNeed({ facts }: ArchiveState): string {
  return `${archiveName(facts.files.stem)}, which needs it, is pinned`;
}
