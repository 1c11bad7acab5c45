import type { IndexedFull } from './index-full.js';

/** The full that a differential is measured against. */
export interface OpenBase extends IndexedFull {
  /** The names that the store no longer has; directories end in `/`. */
  readonly deleted: ReadonlySet<string>;
}

/** Says whether a name has to stay a file, since the base holds it as one and the differential does not take it away. */
export async function isFileOfBase(
  base: OpenBase | undefined,
  entryName: string,
): Promise<boolean> {
  return (
    base !== undefined &&
    !base.deleted.has(entryName) &&
    (await base.index.hasFile(entryName))
  );
}
