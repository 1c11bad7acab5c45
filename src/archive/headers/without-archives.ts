import {
  archivesOf,
  type HeaderIndex,
  type IndexedArchive,
  presenceWords,
  type RecordColumns,
  setPresent,
} from './header-index.js';

/**
 * An index without some of its archives; the records that only they had are in none then. The index itself where none of its
 * archives goes; undefined where the archive goes that has the entry of a record which others still have. Pure.
 */
export function withoutArchives(
  index: HeaderIndex,
  isGone: (stem: string) => boolean,
): HeaderIndex | undefined {
  const left = index.archives.filter(({ stem }) => !isGone(stem));
  if (left.length === index.archives.length) return index;

  const numbers = index.archives.map((archive) => left.indexOf(archive));
  const records = renumber(index, numbers, left.length);

  return records && { ...index, archives: left.map(rebase(numbers)), records };
}

/** @param numbers the new number of each archive, -1 for one that is gone */
function renumber(
  index: HeaderIndex,
  numbers: readonly number[],
  left: number,
): RecordColumns | undefined {
  const { records } = index;
  const words = presenceWords(left);
  const presence = new Uint32Array(records.count * words);
  const holders = new Uint16Array(records.count);

  for (let record = 0; record < records.count; record++) {
    const points = archivesOf(index, record)
      .map((archive) => numbers[archive] ?? -1)
      .filter((archive) => archive >= 0);
    if (points.length === 0) continue;

    const holder = numbers[records.holders[record] ?? 0] ?? -1;
    if (holder < 0) return undefined;

    holders[record] = holder;
    for (const point of points) setPresent(presence, words, record, point);
  }

  return { ...records, holders, presence };
}

function rebase(
  numbers: readonly number[],
): (archive: IndexedArchive) => IndexedArchive {
  return (archive) => {
    const base = numbers[archive.base ?? -1] ?? -1;

    return { ...archive, base: base < 0 ? undefined : base };
  };
}
