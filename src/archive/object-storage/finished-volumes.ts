/** Volumes that lie finished in another storage, seen as if they had just been written into the workplace of a publication. */
import { formatTemporaryName } from '../names.js';
import type { FinishedVolumes, Storage } from '../storage.js';

/**
 * A workplace in which they have their temporary names. They are read where they lie, and stay there: no removal of the
 * workplace's files reaches them.
 */
export function workplaceWith(
  workplace: Storage,
  stem: string,
  { storage, names }: FinishedVolumes,
): Storage {
  const finished = new Map(
    names.map((name, number) => [formatTemporaryName(stem, number), name]),
  );

  const placeOf = (name: string): [Storage, string] => {
    const own = finished.get(name);

    return own === undefined ? [workplace, name] : [storage, own];
  };

  return {
    ...workplace,
    ...readingFrom(placeOf),
    remove: (name) =>
      finished.has(name) ? Promise.resolve() : workplace.remove(name),
  };
}

function readingFrom(
  placeOf: (name: string) => [Storage, string],
): Pick<Storage, 'pathOf' | 'stat' | 'openForRanges' | 'openAtOnce'> {
  return {
    pathOf: (name) => {
      const [storage, own] = placeOf(name);
      return storage.pathOf(own);
    },
    stat: async (name) => {
      const [storage, own] = placeOf(name);
      const file = await storage.stat(own);
      return file && { ...file, name };
    },
    openForRanges: (name, shownAs) => {
      const [storage, own] = placeOf(name);
      return storage.openForRanges(own, shownAs);
    },
    openAtOnce: (name, shownAs) => {
      const [storage, own] = placeOf(name);
      return storage.openAtOnce(own, shownAs);
    },
  };
}
