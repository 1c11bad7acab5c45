import type { Selection } from '../archive/read/read-archive.js';
import { findRepeated, fingerprintOf } from '../archive/zip/check-clashes.js';

/** Names that are one on a file system that does not tell upper from lower case: of all others only fingerprints are held. Pure. */

/** The first two different names among the entries that are one there; undefined where there are none. */
export function findFoldedTwins(
  selections: readonly Selection[],
): readonly [string, string] | undefined {
  const repeated = findRepeated(fingerprintAll(selections));
  if (repeated.size === 0) return undefined;

  const seen = new Map<string, string>();

  for (const name of namesOf(selections)) {
    const folded = foldName(name);
    if (!repeated.has(fingerprintOf(folded))) continue;

    const twin = seen.get(folded) ?? name;
    if (twin !== name) return [twin, name];

    seen.set(folded, name);
  }

  return undefined;
}

function fingerprintAll(selections: readonly Selection[]): Float64Array {
  const count = selections.reduce((sum, own) => sum + own.indices.length, 0);
  const prints = new Float64Array(count);
  let at = 0;

  for (const name of namesOf(selections)) {
    prints[at++] = fingerprintOf(foldName(name));
  }

  return prints.sort();
}

function* namesOf(selections: readonly Selection[]): Generator<string> {
  for (const { table, indices } of selections) {
    for (const index of indices) yield table.name(index);
  }
}

function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
