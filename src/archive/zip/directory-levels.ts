import { DamagedArchiveError } from '../../errors.js';
import { countLevels } from './directory-runs.js';
import type { EntryTable } from './entry-table.js';

/**
 * The number of directories that the names of any archive may run through. Whoever lists, checks or recovers an archive
 * holds each of them in memory, and a name of 3,500 bytes has room for 1,750. Two million are a store of some hundred
 * thousand folders in ten thousand mailboxes.
 */
const MOST_LEVELS = 2_000_000;
/** Beyond that number each entry may bring a few directories of its own, as it does in any honest archive. */
const LEVELS_AN_ENTRY = 4;

/**
 * Counts the directories that the names of an archive run through, before anything is made of them.
 * @throws {DamagedArchiveError} when there are more than any mail store has
 */
export function refuseTooManyDirectories(
  { stem }: { readonly stem: string },
  volumes: readonly { readonly table: EntryTable }[],
): void {
  const entries = volumes.reduce((sum, { table }) => sum + table.count, 0);
  const most = Math.max(MOST_LEVELS, entries * LEVELS_AN_ENTRY);

  const levels = volumes.reduce(
    (sum, { table }) => sum + countLevels(table),
    0,
  );

  if (levels <= most) return;

  throw new DamagedArchiveError(
    `${stem}: the names of its ${entries} entries run through ${levels} directories; at most ${most} are read`,
    {
      hints: [
        'The archive is damaged or was made to do harm: use another one.',
      ],
    },
  );
}
