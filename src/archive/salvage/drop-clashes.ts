import { type ChainIndex, withVolumes } from '../chain-index.js';
import { wholeName } from '../entry-names.js';
import { fileNameAt } from '../entry-kind.js';
import type { OpenVolume } from '../open-archive.js';
import { directoryRuns } from '../zip/directory-runs.js';
import { findClash, findTwin, fingerprintFiles } from '../zip/check-clashes.js';
import { EntryRows } from '../zip/entry-rows.js';
import type { EntryTable } from '../zip/entry-table.js';
import type { LostEntry } from './lost-entry.js';

/** Sound entries that cannot all become files of one disk, and pieces of files that lack others, are left out as a whole. */
export function dropClashes(index: ChainIndex): {
  readonly index: ChainIndex;
  readonly lost: readonly LostEntry[];
} {
  const lost: LostEntry[] = [];
  let current = index;

  for (const find of [
    findBrokenFiles,
    findTwins,
    findFilesThatAreDirectories,
  ]) {
    const reasons = find(tablesOf(current));
    if (reasons.size > 0) current = without(current, reasons, lost);
  }

  return { index: current, lost };
}

/** Why files are left out, by their names. */
type Reasons = ReadonlyMap<string, string>;

function tablesOf({ archives }: ChainIndex): EntryTable[] {
  return archives.flatMap(({ archive }) =>
    archive.volumes.map(({ table }) => table),
  );
}

/** Files of which pieces are missing. */
function findBrokenFiles(tables: readonly EntryTable[]): Reasons {
  const files = new Map<string, { count: number; pieces: Set<number> }>();

  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      const piece = table.piece(index);
      if (!piece) continue;

      const name = wholeName(table.name(index));
      const file = files.get(name) ?? { count: piece.count, pieces: new Set() };
      file.pieces.add(piece.index);
      files.set(name, file);
    }
  }

  const broken = [...files].filter(([, { count, pieces }]) => {
    return pieces.size !== count;
  });

  return new Map(
    broken.map(([name, { count, pieces }]) => [
      name,
      `only ${String(pieces.size)} of its ${String(count)} parts are sound`,
    ]),
  );
}

/** Files that two entries claim to be: nobody can tell which is right. */
function findTwins(tables: readonly EntryTable[]): Reasons {
  if (!findTwin(tables, fingerprintFiles(tables))) return new Map();

  const names = new Set<string>();
  const reasons = new Map<string, string>();

  for (const table of tables) {
    for (let index = 0; index < table.count; index++) {
      if (table.isDirectory(index)) continue;

      const name = table.name(index);
      if (names.has(name)) reasons.set(wholeName(name), 'it appears twice');

      names.add(name);
    }
  }

  return reasons;
}

function findFilesThatAreDirectories(tables: readonly EntryTable[]): Reasons {
  if (findClash(tables, fingerprintFiles(tables)) === undefined) {
    return new Map();
  }

  const directories = new Set<string>();
  const add = (name: string): void => {
    for (let end = name.lastIndexOf('/'); end > 0;) {
      directories.add(name.slice(0, end));
      end = name.lastIndexOf('/', end - 1);
    }
  };

  for (const table of tables) {
    for (const { prefix, start, end } of directoryRuns(table)) {
      add(prefix);
      for (let index = start; index < end; index++) {
        if (table.isDirectory(index)) add(table.name(index));
      }
    }
  }

  return new Map(
    [...directories].map((name) => [name, 'it is a file and a directory']),
  );
}

/** The chain without the files of these names. */
function without(
  index: ChainIndex,
  reasons: Reasons,
  lost: LostEntry[],
): ChainIndex {
  const named = new Set<string>();

  const keep = (stem: string, { file, table }: OpenVolume): EntryTable => {
    const rows = new EntryRows();

    for (let at = 0; at < table.count; at++) {
      const row = { ...table.rowAt(at), extentEnd: table.extentEnd(at) };
      const name = fileNameAt(table, at);
      const reason = table.isDirectory(at) ? undefined : reasons.get(name);

      if (reason === undefined) {
        rows.add(row);
      } else if (!named.has(name)) {
        named.add(name);
        lost.push({
          ...{ stem, volume: file.name, reason, isPart: true },
          row: { ...row, name: Buffer.from(name) },
        });
      }
    }

    return rows.build();
  };

  return withVolumes(index, ({ files, volumes }) =>
    volumes.map((volume) => ({ ...volume, table: keep(files.stem, volume) })),
  );
}
