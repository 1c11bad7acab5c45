import { SALVAGE_HINT } from './damage.js';
import { DamagedArchiveError } from '../errors.js';
import { findClash, findTwin, type NamePrints } from './zip/check-clashes.js';
import type { OpenVolume } from './open-archive.js';

/** Looks for entries that cannot both become files of one disk. */

export const HINTS = [
  'The archive is damaged or was made to do harm: use another one.',
  SALVAGE_HINT,
];

/** Entries of an archive, volume by volume. */
export interface CheckedEntries {
  readonly stem: string;
  readonly entries: number;
  /** Gone through more than once only where names may meet. */
  readonly volumes: Iterable<Pick<OpenVolume, 'file' | 'table'>>;
}

/** @throws {DamagedArchiveError} naming two entries that cannot both become files of one disk */
export function checkMeetings(
  { stem, volumes }: CheckedEntries,
  prints: NamePrints,
): void {
  const tables = {
    *[Symbol.iterator]() {
      for (const { table } of volumes) yield table;
    },
  };
  const files = prints.sortFiles();
  const twin = findTwin(tables, files);

  if (twin) {
    const { file } = [...volumes][twin.volume] ?? {};
    throw damaged(file?.name ?? stem, twin.name, 'appears twice');
  }

  const clash = prints.mayClash(files) ? findClash(tables, files) : undefined;
  if (clash !== undefined) {
    throw damaged(stem, clash, 'is a file and a directory');
  }
}

export function damaged(
  volume: string,
  name: string,
  what: string,
  hints = HINTS,
): DamagedArchiveError {
  return new DamagedArchiveError(
    `${volume}: entry ${JSON.stringify(name)} ${what}`,
    { hints },
  );
}
