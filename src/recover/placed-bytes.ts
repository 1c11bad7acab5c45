import { placeOf } from '../store/entry-place.js';
import type { PlacedTop } from './placed-tops.js';
import type { ChainEntries } from './select-entries.js';
import { type SelectedRun, selectedRuns } from './selected-runs.js';
import { CountedName } from './top-level-names.js';
import { isFirstPiece } from '../archive/entry-kind.js';

/** The bytes that each place of a recover gets. Pure. */

/**
 * Counts what each place gets on its disk. The counts of the top-level names are known; entries are looked at only where
 * something below one of them lies on a disk of its own.
 * @param tops the deepest first
 */
export function placedBytes(
  { tops: names, selections }: ChainEntries,
  tops: readonly PlacedTop[],
): ReadonlyMap<PlacedTop, number> {
  const nested = tops.filter(({ placement }) => placement.name.includes('/'));
  const runs = nested.length === 0 ? [] : selectedRuns(selections);
  const counts = countNested(runs, nested);
  const bytes = new Map<PlacedTop, number>();

  for (const top of tops) {
    const { area, placement } = top;
    const known = names.find(
      (one) => one.area === area && one.name === placement.name,
    );
    const beside = nested.filter(
      (one) =>
        one.area === area && one.placement.name.startsWith(`${known?.name}/`),
    );
    const elsewhere = beside.reduce((sum, one) => sum + counts(one), 0);

    bytes.set(top, known ? known.diskBytes - elsewhere : counts(top));
  }

  return bytes;
}

function countNested(
  runs: Iterable<SelectedRun>,
  nested: readonly PlacedTop[],
): (top: PlacedTop) => number {
  const counts = new Map<PlacedTop, CountedName>();

  for (const run of runs) {
    const place = placeOf(run.prefix);
    const own = nested.find(
      ({ area, placement }) =>
        area === place?.area && place.path.startsWith(`${placement.name}/`),
    );
    if (!own || !place) continue;

    const { area, component } = place;
    const count =
      counts.get(own) ?? new CountedName(area, own.placement.name, component);
    counts.set(own, count);
    addRun(count, run);
  }

  return (top) => counts.get(top)?.diskBytes ?? 0;
}

function addRun(count: CountedName, { table, indices }: SelectedRun): void {
  for (const index of indices) {
    if (table.isDirectory(index)) {
      count.addDirectory();
    } else {
      count.addFile(table.size(index), isFirstPiece(table, index));
    }
  }
}
