import { parseEntryPath } from '../../store/store-path.js';
import type { PlacedRow } from '../zip/entry-rows.js';
import type { EntryTable } from '../zip/entry-table.js';
import { isPlausible } from './prove-row.js';

/** An entry, and the name in its local header, where that is another one. */
export interface NamedTwice {
  readonly row: PlacedRow;
  readonly otherName: Buffer | undefined;
}

/**
 * The name of an entry whose two headers say different ones, one of them damaged: the one that a mail server gives, in a
 * directory that its neighbours lie in, in their order. Where nothing speaks for either, the central header's.
 */
export function chooseName(
  { row, otherName }: NamedTwice,
  table: EntryTable,
  index: number,
): PlacedRow {
  if (!otherName) return row;

  const neighbours = [index - 1, index + 1].map((at) =>
    at >= 0 && at < table.count ? table.name(at) : undefined,
  );

  const own = scoreOf(Buffer.from(row.name).toString('utf8'), neighbours);
  const other = scoreOf(otherName.toString('utf8'), neighbours);

  return other > own ? { ...row, name: otherName } : row;
}

function scoreOf(
  name: string,
  [before, after]: readonly (string | undefined)[],
): number {
  const directory = directoryOf(name);
  const isBesides = (other: string | undefined): boolean =>
    other !== undefined && directoryOf(other) === directory;

  const isInOrder =
    (!isBesides(before) || (before ?? '') < name) &&
    (!isBesides(after) || name < (after ?? ''));

  const evidence = [
    isPlausible(name),
    name !== before && name !== after,
    isBesides(before) || isBesides(after),
    parseEntryPath(name)?.isNumbered === true,
    isInOrder,
  ];

  // The first outweighs all that follow.
  return evidence.reduce((sum, holds) => sum * 2 + Number(holds), 0);
}

function directoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}
