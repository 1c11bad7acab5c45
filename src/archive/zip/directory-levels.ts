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

/** Counts the directories that the names of an archive run through, volume by volume. */
export class DirectoryCounter {
  #entries = 0;
  #levels = 0;

  constructor(private readonly archive: { readonly stem: string }) {}

  add(table: EntryTable): void {
    this.#entries += table.count;
    this.#levels += countLevels(table);
  }

  /** @throws {DamagedArchiveError} when there are more than any mail store has */
  refuseTooMany(): void {
    const most = Math.max(MOST_LEVELS, this.#entries * LEVELS_AN_ENTRY);
    if (this.#levels <= most) return;

    throw new DamagedArchiveError(
      `${this.archive.stem}: the names of its ${this.#entries} entries run through ${this.#levels} directories; at most ${most} are read`,
      {
        hints: [
          'The archive is damaged or was made to do harm: use another one.',
        ],
      },
    );
  }
}

/**
 * Counts the directories that the names of an archive run through, before anything is made of them.
 * @throws {DamagedArchiveError} when there are more than any mail store has
 */
export function refuseTooManyDirectories(
  archive: { readonly stem: string },
  volumes: readonly { readonly table: EntryTable }[],
): void {
  const counter = new DirectoryCounter(archive);
  for (const { table } of volumes) counter.add(table);
  counter.refuseTooMany();
}
