import { SALVAGE_HINT } from './damage.js';
import { DamagedArchiveError } from '../errors.js';
import { wholeName } from './entry-names.js';
import type { EntryTable } from './zip/entry-table.js';

/** The pieces of the split files of an archive: each file must have all of its own. */
export class Pieces {
  readonly #files = new Map<string, SplitFile>();

  /** Notes an entry that is a piece. @returns whether a file begins with the entry */
  add(table: EntryTable, index: number): boolean {
    const piece = table.piece(index);
    if (!piece) return true;

    const name = wholeName(table.name(index));
    const file = this.#files.get(name) ?? {
      count: piece.count,
      totalBytes: piece.totalBytes,
      seen: new Set(),
      bytes: 0,
    };

    file.seen.add(piece.index);
    file.bytes += table.size(index);
    this.#files.set(name, file);

    return piece.index === 0;
  }

  /** @throws {DamagedArchiveError} naming the first file that lacks something */
  check(stem: string): void {
    for (const [name, { count, totalBytes, seen, bytes }] of this.#files) {
      if (seen.size === count && bytes === totalBytes) continue;

      throw new DamagedArchiveError(
        `${stem}: ${JSON.stringify(name)} has ${seen.size} of its ${count} parts`,
        {
          hints: [
            'The archive is damaged or was made to do harm: use another one.',
            SALVAGE_HINT,
          ],
        },
      );
    }
  }
}

interface SplitFile {
  /** The number of pieces, and the size of the whole file, as its first piece says them. */
  readonly count: number;
  readonly totalBytes: number;
  /** The pieces that are there, and what they hold together. */
  readonly seen: Set<number>;
  bytes: number;
}
