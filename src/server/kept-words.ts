import { formatAge, formatSize } from '../platform/units.js';
import type { KeptState } from './kept-states.js';

/** The words for what recovers keep. Pure. */

/** `12.3 GiB, 2d old, before the recover of F20261122T010003Z.zip`. */
export function describeKept(
  { holds, archive, startedAt, sizeBytes, isAddition }: KeptState,
  now: Date,
): string {
  const size = sizeBytes === undefined ? '' : `${formatSize(sizeBytes)}, `;
  const ageMs = Math.max(0, now.getTime() - Date.parse(startedAt));

  if (isAddition) {
    return `${formatAge(ageMs)} old, the note of what was added from ${archive}`;
  }

  const what = holds === 'state' ? 'before' : 'messages that came in after';

  return `${size}${formatAge(ageMs)} old, ${what} the recover of ${archive}`;
}
