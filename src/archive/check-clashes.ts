import type { EntryTable } from './entry-table.js';

const SLASH = 0x2f;

/** Two FNV-1a hashes of the bytes from `start` to `end`, joined to 53 bits. */
function fingerprint(bytes: Uint8Array, start: number, end: number): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x01000197);
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

/** The fingerprint of an entry's whole name. */
export function fingerprintOfName(table: EntryTable, index: number): number {
  const start = table.nameStart(index);
  return fingerprint(table.columns.nameBytes, start, start + table.nameLength(index));
}

/**
 * The first name that is a file and also a directory, by an entry of its own or as the parent of another: no disk can
 * hold both. Example: `a/b` with `a/b/c`, or with `a/b/`. Undefined where there is none.
 *
 * Every file's name is held as a fingerprint of 8 bytes. Neighbours mostly lie in one directory, so its parents are looked
 * up once for all of them; only a fingerprint that is found costs a look at the names themselves.
 */
export function findClash(tables: readonly EntryTable[]): string | undefined {
  const files = fingerprintsOfFiles(tables);
  const suspects = new Set<string>();
  for (const table of tables) {
    const bytes = table.columns.nameBytes;
    let [previousStart, previousEnd] = [0, 0];
    for (let index = 0; index < table.count; index++) {
      const start = table.nameStart(index);
      let end = start + table.nameLength(index);
      while (end > start && bytes[end - 1] !== SLASH) end--;
      if (isSame(bytes, start, end, previousStart, previousEnd)) continue;
      [previousStart, previousEnd] = [start, end];
      addSuspects(bytes.subarray(start, end), files, suspects);
    }
  }
  return suspects.size === 0 ? undefined : firstFileAmong(tables, suspects);
}

function fingerprintsOfFiles(tables: readonly EntryTable[]): Float64Array {
  const prints = new Float64Array(tables.reduce((sum, { count }) => sum + count, 0));
  let length = 0;
  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      if (!table.isDirectory(index)) prints[length++] = fingerprintOfName(table, index);
    }
  }
  return prints.subarray(0, length).sort();
}

// eslint-disable-next-line max-params -- two ranges of one buffer; a view for each of a million names is what this avoids
function isSame(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let at = end - 1, other = otherEnd - 1; at >= start; at--, other--) if (bytes[at] !== bytes[other]) return false;
  return true;
}

function addSuspects(parents: Uint8Array, files: Float64Array, suspects: Set<string>): void {
  for (let end = parents.indexOf(SLASH); end !== -1; end = parents.indexOf(SLASH, end + 1)) {
    if (includes(files, fingerprint(parents, 0, end)))
      suspects.add(Buffer.from(parents.subarray(0, end)).toString('utf8'));
  }
}

function includes(sorted: Float64Array, wanted: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

function firstFileAmong(tables: readonly EntryTable[], suspects: ReadonlySet<string>): string | undefined {
  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      if (!table.isDirectory(index) && suspects.has(table.name(index))) return table.name(index);
    }
  }
  return undefined;
}
