import { keptDirectories } from '../server/kept-states.js';
import type { Cost } from './cost.js';
import { placeTops } from './placed-tops.js';
import type { RecoverRequest } from './request.js';
import { decideKeeping, type MeasuredSpaces } from './space.js';
import { type Chosen, unitsOf } from './units.js';

/** What a recover keeps of what it replaces, and where. */

interface Keeping {
  readonly keepsOld: boolean;
  readonly notes: readonly string[];
}

/** A call that only completes an earlier one keeps what that one put aside. */
export function keepingAsAsked({ keeping }: RecoverRequest): Keeping {
  return { keepsOld: keeping !== 'never', notes: [] };
}

/** @throws {NoSpaceError} */
export function planKeeping(
  request: RecoverRequest,
  spaces: MeasuredSpaces,
  { loses, overwrites }: Cost,
): Keeping {
  const { messages, files, unlisted } = loses;
  const lost = messages + files + unlisted + overwrites.files;
  const keepsOld = decideKeeping(request, spaces, lost > 0);

  return {
    keepsOld,
    notes:
      keepsOld || request.keeping !== 'with-room'
        ? []
        : [
            'too little space to keep what is replaced: no rollback is possible',
          ],
  };
}

/** The directories in which the present state would be kept now. */
export function keptPlaces(
  request: RecoverRequest,
  chosen: Chosen,
): readonly string[] {
  if (request.isAdditive) return [];

  const tops = placeTops(request, chosen.entries);

  return keptDirectories(unitsOf(request, chosen, tops));
}
